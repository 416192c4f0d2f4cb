import { setTimeout as sleep } from 'node:timers/promises'
import { type ProbeReport, runProbe, SourcePool } from '@fivetuple/client'
import { seededRandom } from '@fivetuple/faults'
import { ClusterProcess } from '../cluster-process.js'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'
import { Bystander } from './bystander.js'
import { DISTURBANCES, oneOf, type Scene } from './disturbances.js'
import { type Growth, growthOf, type Holding, holdingsOf, leftovers, settledOf } from './residue.js'

export interface SoakOptions {
  readonly seconds: number
  readonly seed: number
  /** Names, or parts of names, of disturbances; none: all. */
  readonly only: readonly string[]
}

export interface SoakResult {
  readonly disturbances: Readonly<Record<string, number>>
  /** Commands that failed, with their reasons. */
  readonly failures: readonly string[]
  readonly bystanders: readonly {
    readonly completed: number
    readonly longestPauseMs: number
    readonly ended: string | null
  }[]
  readonly load: readonly { readonly completed: number; readonly failed: number; readonly errors: object }[]
  readonly leftovers: readonly string[]
  readonly growth: readonly Growth[]
}

/** Requests per second of each of the two probes: what two cores carry beside everything else. */
const RATE_PER_SECOND = 100
const BYSTANDERS = 4
/**
 * Load before memory is measured first: pools fill and hot code is compiled, so that the run starts
 * in the state in which it ends.
 */
const WARM_UP_MS = 20_000
/** Idle time before memory is measured: collectors run, closed sessions and TIME-WAITs end. */
const SETTLE_MS = 12_000
/**
 * Longest wait until tables are empty: longer than every timeout of a session in {@link CLUSTER}.
 */
const EMPTY_MAX_MS = 40_000

/** Samples of an idle cluster, over more than two rounds of health checks. */
const SAMPLES = 12
const SAMPLE_MS = 500

/** Rendezvous moves no flow of an LB that stays, so bystanders on lb-1 have no reason to end. */
const CLUSTER = `
lbs: 4
backends: 4
ecmp: { selection: rendezvous, seed: 7 }
edge: { maxFlows: 2000 }
nat: { timeouts: { syn: 5s, established: 2m, closing: 5s, closed: 2s, udp: 5s } }
vips:
  - { name: web }
  - { name: calm, backends: [backend-1] }
  - { name: dns, port: 5353, protocol: udp, health: { check: udp } }
`

/**
 * Runs random faults under load for a long time. Afterwards the cluster must hold no more resources
 * than before.
 */
export async function soak({ seconds, seed, only }: SoakOptions): Promise<void> {
  const at = environment()
  const stop = interruption()
  const cluster = await ClusterProcess.startFrom(`block: auto\n${CLUSTER}`)
  try {
    const result = await run(cluster, seconds, seed, only, stop)
    process.stdout.write(`${render(result)}\n`)
    process.stdout.write(`written to ${writeReport('soak', at, { seconds, seed, result })}\n`)
    if (isBad(result)) process.exitCode = 1
  } finally {
    await cluster.stop()
  }
  if (stop.aborted) process.exitCode = 130
}

async function run(
  cluster: ClusterProcess,
  seconds: number,
  seed: number,
  only: readonly string[],
  stop: AbortSignal,
): Promise<SoakResult> {
  const { api, ready } = cluster
  const random = seededRandom(seed)
  const vip = (name: string): { host: string; port: number } => {
    const [host, port] = ready.vips.find((candidate) => candidate.name === name)!.listen.split(':')
    return { host: host!, port: Number(port) }
  }
  const scene: Scene = {
    api,
    ready,
    random,
    lbs: ready.lbs.slice(1).map(({ name }) => name),
    backends: ready.backends.slice(1).map(({ name }) => name),
    web: vip('web'),
    udp: vip('dns'),
  }
  const launcher = cluster.pids().launcher![0]!
  const holdings = async (): Promise<Holding[]> => holdingsOf(await api.status(), launcher)
  const load = (durationMs: number, signal: AbortSignal): Promise<ProbeReport>[] =>
    [40, 'new' as const].map((connections) =>
      runProbe({
        url: new URL(`http://${scene.web.host}:${scene.web.port}/`),
        ratePerSecond: RATE_PER_SECOND,
        durationMs,
        connections,
        from: SourcePool.parse(cluster.clientPool)!,
        timeoutMs: 5_000,
        signal,
      }),
    )
  process.stderr.write(`warm-up of ${WARM_UP_MS / 1000} s, then ${SETTLE_MS / 1000} s without load ...\n`)
  await Promise.all(load(WARM_UP_MS, stop))
  const before = await settle(holdings, stop)
  const bystanders = await openBystanders(cluster, vip('calm'))
  const over = new AbortController()
  const probes = load((seconds + 60) * 1000, over.signal)
  const chosen = DISTURBANCES.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  const counts: Record<string, number> = {}
  const failures: string[] = []
  const startMs = performance.now()
  const elapsed = (): number => (performance.now() - startMs) / 1000
  while (elapsed() < seconds && !stop.aborted) {
    const disturbance = oneOf(random, chosen)
    counts[disturbance.name] = (counts[disturbance.name] ?? 0) + 1
    await disturbance.run(scene).catch((error: Error) => failures.push(`${disturbance.name}: ${error.message}`))
    await sleep(random.int(1_000))
    process.stderr.write(`\r${elapsed().toFixed(0)} of ${seconds} s, ${disturbance.name.padEnd(24)}`)
  }
  process.stderr.write('\n')
  over.abort()
  const reports = await Promise.all(probes)
  for (const bystander of bystanders) bystander.close()
  await api.faults.clear().catch((error: Error) => failures.push(`clear faults: ${error.message}`))
  const left = await untilClean(before, holdings)
  process.stderr.write(`${SETTLE_MS / 1000} s without load ...\n`)
  const after = await settle(holdings, stop)
  return {
    disturbances: counts,
    failures,
    bystanders: bystanders.map(({ completed, longestPauseMs, ended }) => ({
      completed,
      longestPauseMs,
      ended: ended ?? null,
    })),
    load: reports.map(({ completed, failed, errors }) => ({ completed, failed, errors })),
    leftovers: left,
    growth: growthOf(before, after),
  }
}

/** Holdings of the cluster after a time without load. */
async function settle(holdings: () => Promise<Holding[]>, stop: AbortSignal): Promise<Holding[]> {
  await sleep(SETTLE_MS, undefined, { signal: stop }).catch(() => undefined)
  const samples: Holding[][] = []
  for (let i = 0; i < SAMPLES && (i === 0 || !stop.aborted); i++) {
    await sleep(SAMPLE_MS)
    samples.push(await holdings())
  }
  return settledOf(samples)
}

/** Connections whose flows lb-1 has; their VIP has one backend. */
async function openBystanders(cluster: ClusterProcess, to: { host: string; port: number }): Promise<Bystander[]> {
  const chosen: Bystander[] = []
  const [a, b] = cluster.ready.block.split('.')
  for (let i = 1; chosen.length < BYSTANDERS; i++) {
    const address = `${a}.${b}.103.${i}`
    const bystander = new Bystander(to.host, to.port, address)
    while (bystander.completed === 0 && bystander.ended === undefined) await sleep(20)
    const { route } = await cluster.api.explain({ client: `${address}:${bystander.port}`, vip: 'calm' })
    if (route?.lb === 'lb-1') chosen.push(bystander)
    else bystander.close()
  }
  return chosen
}

/** Leftovers as soon as there are none, or those that stay. */
async function untilClean(before: readonly Holding[], holdings: () => Promise<Holding[]>): Promise<string[]> {
  const deadline = performance.now() + EMPTY_MAX_MS
  for (;;) {
    const left = leftovers(before, await holdings())
    if (left.length === 0 || performance.now() > deadline) return left
    await sleep(SAMPLE_MS)
  }
}

/**
 * Returns true if a bystander's connection ended, something was left behind, or a command failed.
 */
function isBad({ bystanders, leftovers: left, failures }: SoakResult): boolean {
  return bystanders.some(({ ended }) => ended !== null) || left.length > 0 || failures.length > 0
}

function render({ disturbances, failures, bystanders, load, leftovers: left, growth }: SoakResult): string {
  const counts = Object.entries(disturbances).map(([name, count]) => `${name} ${count}`)
  return [
    `disturbances: ${counts.join(', ')}`,
    `failed commands: ${failures.join('; ') || 'none'}`,
    ...bystanders.map(
      ({ completed, longestPauseMs, ended }) =>
        `bystander: ${completed} responses, longest pause ${longestPauseMs.toFixed(0)} ms, ${ended ?? 'lived to the end'}`,
    ),
    ...load.map(
      ({ completed, failed, errors }) => `load: ${completed} completed, ${failed} failed ${JSON.stringify(errors)}`,
    ),
    `left behind: ${left.join('; ') || 'nothing'}`,
    ...growth.map(({ role, fromBytes, toBytes }) => {
      const percent = (100 * (toBytes - fromBytes)) / fromBytes
      return `resident set of ${role}: ${mib(fromBytes)} to ${mib(toBytes)} MiB, ${percent.toFixed(1)} %`
    }),
  ].join('\n')
}

function mib(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1)
}
