import { strict as assert } from 'node:assert'
import { FAULT_KINDS, type Fault, type FaultName, type Random, seededRandom } from '@fivetuple/faults'
import type { LinkDirection, LinkName, SimulatedCluster } from './simulated-cluster.js'
import { startStreams } from './streams.js'

/** Time in which faults start, ms. */
const FAULTS_MS = 8_000
/** Long enough for every retry, keep-alive and session timeout to run out. */
const LONG_MS = 600_000
const LBS = 4
const FLOWS = 24
const BYTES = 60_000
const CHECK_EACH_MS = 500

const LINKS: readonly LinkName[] = ['uplink', 'downlink']
const DIRECTIONS: readonly LinkDirection[] = ['in', 'out']

/** Counts of one run. */
export interface RandomRun {
  readonly completed: number
  readonly failed: number
  /** Packets that faults have dropped. */
  readonly dropped: number
  /** Time at which everything had come to rest, ms. */
  readonly restedAt: number
  /** Faults in order, for the message of a run that fails. */
  readonly story: readonly string[]
}

/**
 * Runs a simulated cluster under faults that are drawn from a seed: all kinds of link faults, in
 * both directions of the links of all LBs, LBs that are killed, paused and return, and routes that
 * change. Throws if an invariant of the design is violated.
 */
export function runRandomFaults(seed: number): RandomRun {
  const { cluster, clients, bytes } = startStreams({
    seed,
    faults: [{ kind: 'delay', ms: 1 }],
    flows: FLOWS,
    bytes: BYTES,
    startWithinMs: FAULTS_MS,
  })
  const story: string[] = []
  scheduleFaults(cluster, seededRandom(seed ^ 0x5eed), story)
  try {
    for (let at = CHECK_EACH_MS; at <= 2 * FAULTS_MS; at += CHECK_EACH_MS) {
      cluster.run(at)
      cluster.checkSessions()
    }
    assert(cluster.run(LONG_MS), 'the cluster comes to rest')
    let completed = 0
    for (const client of clients) {
      assert(client.closed, 'every flow ends')
      if (client.failure !== undefined) continue
      assert.equal(client.sink.received, bytes, 'a flow without a failure has all its bytes')
      assert(client.sink.ended)
      completed++
    }
    assert.deepEqual(cluster.leftovers(), { flows: 0, sessions: 0 })
    return {
      completed,
      failed: clients.length - completed,
      dropped: cluster.dropped,
      restedAt: cluster.clock.now,
      story,
    }
  } catch (error) {
    throw new Error(`seed ${seed}: ${(error as Error).message}; faults: ${story.join('; ')}`, { cause: error })
  }
}

function scheduleFaults(cluster: SimulatedCluster, random: Random, story: string[]): void {
  const count = 8 + random.int(16)
  for (let i = 0; i < count; i++) {
    const at = random.int(FAULTS_MS)
    const durationMs = 50 + random.int(3_000)
    const lb = 1 + random.int(LBS)
    const start = ACTIONS[random.int(ACTIONS.length)]!
    const run = start(cluster, lb, random)
    cluster.clock.schedule(at, () =>
      cluster.act(() => {
        const end = run()
        if (end === undefined) return
        story.push(`${at} ms: ${end.what} for ${durationMs} ms`)
        cluster.clock.schedule(at + durationMs, () => cluster.act(end.undo))
      }),
    )
  }
}

/** Draws a fault; the function that is returned starts it, unless it does not apply any more. */
type Action = (
  cluster: SimulatedCluster,
  lb: number,
  random: Random,
) => () => { readonly what: string; readonly undo: () => void } | undefined

const impairLink: Action = (cluster, lb, random) => {
  const link = LINKS[random.int(2)]!
  const directions = random.int(2) === 0 ? DIRECTIONS : [DIRECTIONS[random.int(2)]!]
  const faults = Array.from({ length: 1 + random.int(3) }, () => randomFault(random))
  return () => {
    for (const direction of directions) cluster.impair(lb, link, direction, faults)
    return {
      what: `lb-${lb} ${link} ${directions.join('+')} ${JSON.stringify(faults)}`,
      undo: () => {
        for (const direction of directions) cluster.impair(lb, link, direction, [{ kind: 'delay', ms: 1 }])
      },
    }
  }
}

const kill: Action = (cluster, lb) => () => {
  if (!cluster.lbs[lb - 1]!.alive) return undefined
  cluster.crash(lb)
  return { what: `lb-${lb} killed`, undo: () => cluster.restart(lb) }
}

const pause: Action = (cluster, lb) => () => {
  cluster.pause(lb)
  return { what: `lb-${lb} paused`, undo: () => cluster.resume(lb) }
}

const withdraw: Action = (cluster, _lb, random) => {
  const kept = Array.from({ length: LBS }, (_, i) => i + 1).filter(() => random.int(2) === 0)
  const alive = (): number[] => cluster.lbs.flatMap(({ alive }, i) => (alive ? [i + 1] : []))
  return () => {
    cluster.announce(kept.filter((id) => alive().includes(id)))
    return { what: `route of ${kept.join()}`, undo: () => cluster.announce(alive()) }
  }
}

const ACTIONS: readonly Action[] = [impairLink, impairLink, impairLink, impairLink, kill, pause, withdraw]

/** Draws a fault of any kind, of a severity that is seen. */
export function randomFault(random: Random): Fault {
  return FAULTS[FAULT_KINDS[random.int(FAULT_KINDS.length)]!.kind](random)
}

/** Draws a fault per kind. Each kind has one, so that a new kind does not stay untested. */
export const FAULTS: Readonly<Record<FaultName, (random: Random) => Fault>> = {
  'link-down': () => ({ kind: 'link-down' }),
  flap: (random) => ({ kind: 'flap', upMs: 20 + random.int(500), downMs: 20 + random.int(500) }),
  'black-hole': () => ({ kind: 'black-hole' }),
  loss: (random) => ({ kind: 'loss', rate: random.next() * 0.3, correlation: random.int(2) * 0.25 }),
  'gilbert-elliott': (random) => ({
    kind: 'gilbert-elliott',
    p: 0.001 + random.next() * 0.02,
    r: 0.2 + random.next() * 0.5,
  }),
  duplicate: (random) => ({ kind: 'duplicate', rate: random.next() * 0.5 }),
  rate: (random) => ({
    kind: 'rate',
    bitsPerSecond: 200_000 + random.int(20_000_000),
    bufferPackets: 3 + random.int(50),
  }),
  delay: (random) => {
    const ms = 1 + random.int(80)
    return { kind: 'delay', ms, jitterMs: random.int(ms), reorders: random.int(2) === 0 }
  },
  reorder: (random) => ({
    kind: 'reorder',
    rate: random.next() * 0.5,
    byMs: 1 + random.int(60),
    selected: random.int(2) === 0 ? 'late' : 'early',
  }),
}
