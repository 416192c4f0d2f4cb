import type { EventPrediction } from '@fivetuple/cluster'
import t, { type Test } from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
/** Flows of each of the ten clusters: 1,000 in all. `pnpm bench oracle` has 1,000 for each. */
const FLOWS = 100
const VICTIM = 'lb-2'

/** A client whose flow has an LB. */
interface Flow {
  readonly client: RawClient
  readonly lb: string
  isOver: boolean
}

// The oracle predicts each event before it takes effect. Here the clients say what has become of their flows.
for (const [i, selection] of ['modulo', 'hash-threshold', 'rendezvous', 'maglev', 'resilient'].entries())
  for (const lbs of [4, 8])
    t.test(`${selection}, ${lbs} LBs: kill and return end exactly the flows that were predicted`, async (t) => {
      const block = `127.${150 + 2 * i + (lbs === 8 ? 1 : 0)}.0.0/16`
      const yaml = `ecmp: { selection: ${selection}, seed: 7, idleTimer: 10m }\nlbs: ${lbs}\n`
      const cluster = await TestCluster.start(t, block, ['--backends', '2'], yaml)
      let flows = await open(t, cluster, FLOWS)

      await cluster.api.role.kill({ role: VICTIM, keepStopped: true })
      const kill = await measured(cluster, 1)
      t.equal(kill.event, `${VICTIM} is kept stopped`)
      await requestAll(flows)
      check(t, kill, flows, selection)
      await checkRecords(t, cluster, kill)
      const web = kill.predicted[0]
      t.equal(web?.directLoss, flows.filter(({ lb }) => lb === VICTIM).length)

      // Survivors are no even sample: their hashes have the same LB with one LB less, and so with one more.
      for (const { client } of flows) client.socket.destroy()
      await until(async () => (await cluster.api.status()).switches.uplink?.flows === 0, 'they are gone')
      flows = await open(t, cluster, FLOWS)
      await cluster.api.role.start({ role: VICTIM })
      const back = await measured(cluster, 2)
      await requestAll(flows)
      check(t, back, flows, selection)
      await checkRecords(t, cluster, back)
      t.equal(back.predicted[0]?.directLoss, 0)
      if (selection === 'resilient') t.equal(back.predicted[0]?.collateral, 0, 'buckets in use stay')
    })

/** Opens flows that have had a response. */
async function open(t: Test, cluster: TestCluster, count: number): Promise<Flow[]> {
  const { listen } = cluster.vip('web')
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(listen)))
  t.teardown(() => {
    for (const { socket } of clients) socket.destroy()
  })
  for (const { socket } of clients) socket.write(REQUEST)
  await until(() => clients.every(isServed), 'all have a response')
  return clients.map((client) => {
    const lb = cluster.lbOf(/"address":"([^"]+)"/.exec(client.text)?.[1] ?? '') ?? ''
    const flow = { client, lb, isOver: false }
    void client.closed.then(() => {
      flow.isOver = true
    })
    return flow
  })
}

/** Sends a request on each flow that is not over; resolves when each is served or over. */
async function requestAll(flows: readonly Flow[]): Promise<void> {
  for (const { client, isOver } of flows) {
    client.received = Buffer.alloc(0)
    if (!isOver) client.socket.write(REQUEST)
  }
  await until(() => flows.every(({ client, isOver }) => isOver || isServed(client)), 'each is served or over')
}

function isServed(client: RawClient): boolean {
  return client.text.endsWith('}\n')
}

/** Waits until an event is measured. */
async function measured(cluster: TestCluster, id: number): Promise<EventPrediction> {
  let found: EventPrediction | undefined
  await until(async () => {
    found = (await cluster.api.predictions({})).find((event) => event.id === id)
    return found !== undefined && found.state !== 'pending'
  }, `event ${id} is measured`)
  return found!
}

/** The flow records have what was predicted, and the outcome that belongs to it. */
async function checkRecords(t: Test, cluster: TestCluster, { id, predicted: [then] }: EventPrediction): Promise<void> {
  let recorded: NonNullable<EventPrediction['recorded']>[number] | undefined
  await until(async () => {
    recorded = (await cluster.api.predictions({})).find((event) => event.id === id)?.recorded?.[0]
    return recorded?.outcomes.directLoss.open === 0 && recorded.outcomes.collateral.open === 0
  }, 'the ends of lost flows are recorded')
  t.match(recorded, {
    vip: 'web',
    flows: then?.flows,
    directLoss: then?.directLoss,
    collateral: then?.collateral,
    unaffected: then?.unaffected,
    outcomes: {
      directLoss: { 'lost-with-its-lb': then?.directLoss },
      collateral: { 'broken-by-rehash': then?.collateral },
      unaffected: { open: then?.unaffected },
    },
  })
}

/** Compares what was predicted, measured by the route table, and seen by the clients. */
function check(t: Test, event: EventPrediction, flows: readonly Flow[], selection: string): void {
  const [predicted] = event.predicted
  const [counted] = event.measured
  t.match(event, { state: 'measured', reason: null, selection })
  t.equal(predicted?.flows, FLOWS)
  t.same(counted?.differencePoints, { directLoss: 0, collateral: 0, unaffected: 0 }, 'measured as predicted')
  t.same(Object.keys(predicted?.perLb ?? {}).sort(), [...new Set(flows.map(({ lb }) => lb))].sort())
  for (const [lb, ofLb] of Object.entries(predicted?.perLb ?? {})) {
    const { formula: _, ...counts } = ofLb
    t.same(counted?.perLb[lb], counts, `${lb}: measured as predicted`)
    const ended = flows.filter((flow) => flow.lb === lb && flow.isOver).length
    t.equal(ended, ofLb.directLoss + ofLb.collateral, `${lb}: clients lose the flows that were predicted`)
  }
  // By chance alone one comparison of a million is farther from the formula than five standard deviations.
  for (const outcome of ['directLoss', 'collateral', 'unaffected'] as const) {
    const difference = Math.abs(predicted?.differencePoints?.[outcome] ?? 100)
    const bound = Math.max(2, 2.5 * (predicted?.chancePoints?.[outcome] ?? 0))
    t.ok(difference <= bound, `${outcome}: ${difference} points from the formula, at most ${bound}`)
  }
}
