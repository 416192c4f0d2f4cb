import { EdgeEnd, type EdgeRow, FlowStore, HopFate } from '@fivetuple/flow-records'
import { parseIpv4 } from '@fivetuple/packet'
import type { FlowShift, PredictRequest, PredictResult } from '@fivetuple/switch'
import t from 'tap'
import { defaultConfig } from '../../dist/config/default-config.js'
import { ClusterView } from '../../dist/launcher/cluster-view.js'
import { EventPredictions } from '../../dist/launcher/oracle/event-predictions.js'
import { vipOutcomes } from '../../dist/launcher/oracle/outcomes.js'
import { recordedOutcomes } from '../../dist/launcher/oracle/recorded-outcomes.js'
import { describeChange, predictRequest } from '../../dist/launcher/oracle/request.js'
import { planCluster } from '../../dist/plan/plan.js'

const loaded = defaultConfig()
if (!loaded.ok) throw new Error('the default configuration is invalid')
const plan = planCluster(loaded.config, '127.20.0.0/16', 'ab'.repeat(16))
const [web, api] = plan.vips
const WEB = { address: parseIpv4(web!.address)!, port: web!.port }

t.test('a request names the ports of LBs, and hypothetical ones', async (t) => {
  const { nextHops, sample } = predictRequest(plan, { kill: ['lb-2'], add: ['lb-5'], drain: ['lb-1'] }, ['modulo'])
  t.equal(nextHops.length, 2)
  t.match(nextHops[0], { vip: WEB.address, gone: [2], drained: [1], undrained: [] })
  t.same(nextHops[0]?.added, web?.lbs.length === plan.lbs.length ? [5] : [])
  t.same(
    nextHops[1]?.added,
    api?.lbs.length === plan.lbs.length ? [5] : [],
    'a VIP of some LBs is not carried by another',
  )
  t.same(sample?.services[0], WEB)
  const more = predictRequest(plan, { lbs: 6 }, ['modulo']).nextHops[0]
  t.same([more?.gone, more?.added.filter((port) => port > 4)], [[], [5, 6]])
  t.same(predictRequest(plan, { lbs: 2 }, ['modulo']).nextHops[0]?.gone, [3, 4])
  t.match(predictRequest(plan, { setSelection: 'maglev', setHash: 'crc32', setSeed: 9 }, ['modulo']), {
    selection: 'maglev',
    hash: 'crc32',
    seed: 9,
  })
})

t.test('a change that can not be meant is an error that names the remedy', async (t) => {
  const error = (change: Parameters<typeof predictRequest>[1]) => () => predictRequest(plan, change, ['modulo'])
  t.throws(error({}), { status: 400, message: /^no change is named: give kill, add/ })
  t.throws(error({ kill: ['lb-9'] }), {
    status: 404,
    message: "there is no LB 'lb-9'; there are lb-1, lb-2, lb-3, lb-4",
  })
  for (const name of ['lb-251', 'lb-0', 'lb-05', 'web', 'lb-5x'])
    t.throws(error({ add: [name] }), { status: 404, message: /lb-4, and lb-5 to lb-250 could join$/ })
  t.throws(error({ drain: ['lb-5'] }), { status: 404, message: /^there is no LB 'lb-5'/ })
  t.throws(error({ kill: ['lb-2'], add: ['lb-2'] }), { status: 400, message: /^lb-2 is named twice/ })
  t.throws(error({ kill: ['lb-2', 'lb-2'] }), { status: 400, message: /twice/ })
  t.throws(error({ kill: ['lb-2'], lbs: 3 }), { status: 400, message: /excludes kill and add$/ })
})

t.test('changes in words', async (t) => {
  t.equal(describeChange({ kill: ['lb-1', 'lb-2'], add: ['lb-5'] }), 'lb-1, lb-2 go, lb-5 joins or returns')
  t.equal(describeChange({ lbs: 1, setSeed: 0 }), 'the cluster has 1 LB, the seed becomes 0')
})

const shifts: FlowShift[] = [
  { vip: WEB, from: 1, to: 1, flows: 10 },
  { vip: WEB, from: 1, to: 3, flows: 20 },
  { vip: WEB, from: 2, to: 4, flows: 25 },
  { vip: WEB, from: 3, to: null, flows: 5 },
  { vip: WEB, from: 4, to: 4, flows: 40 },
]

function resultOf(request: PredictRequest): PredictResult[] {
  const nextHops = [1, 2, 3, 4].map((port) => ({ port, share: 0.25, kept: port === 2 ? 0 : 1 / 12 }))
  return request.selections.map((selection) => ({
    selection,
    shifts,
    sampled: [],
    expected: [{ vip: WEB.address, nextHops }],
  }))
}

t.test('flows are summed per VIP, LB and outcome, beside the formula', async (t) => {
  const request = predictRequest(plan, { kill: ['lb-2'] }, ['modulo'])
  const [outcomes, ...others] = vipOutcomes(plan, request, resultOf(request)[0]!)
  t.same(others, [])
  t.match(outcomes, {
    vip: 'web',
    basis: 'established',
    flows: 100,
    directLoss: 25,
    collateral: 25,
    unaffected: 50,
    formula: { directLoss: 0.25, collateral: 0.5, unaffected: 0.25 },
    differencePoints: { directLoss: 0, collateral: -25, unaffected: 25 },
    chancePoints: { collateral: 10 },
  })
  t.match(outcomes?.perLb['lb-1'], {
    flows: 30,
    collateral: 20,
    formula: { collateral: 0.666667, unaffected: 0.333333 },
  })
  t.match(outcomes?.perLb['lb-2'], { flows: 25, directLoss: 25, formula: { directLoss: 1, collateral: 0 } })
  t.match(outcomes?.perLb['lb-3'], { flows: 5, collateral: 5 }, 'without a route')
})

/** Predictions over a switch that responds as it is told to. */
class Rig {
  readonly view = new ClusterView(plan)
  readonly requests: string[] = []
  state = 'running'
  keepFlows = async (): Promise<unknown> => ({ flows: 100, at: 5 })
  measured: readonly FlowShift[] | null = shifts
  readonly predictions = new EventPredictions({
    plan,
    view: this.view,
    supervisor: { state: () => ({ state: this.state }) } as never,
    roles: {
      switch: () =>
        (async (method: string, params: { id: number } & PredictRequest) => {
          this.requests.push(`${method} ${params.id ?? params.kept}`)
          if (method === 'keepFlows') return this.keepFlows()
          return method === 'predict' ? resultOf(params) : this.measured
        }) as never,
    },
  })

  constructor() {
    this.routes(['lb-1', 'lb-2', 'lb-3', 'lb-4'])
  }

  /** Reports the LBs of all VIPs. */
  routes(lbs: readonly string[], draining: readonly string[] = []): void {
    const of = (names: readonly string[]) =>
      Object.fromEntries(plan.vips.map(({ address }) => [`${address}/32`, names]))
    const data = { isFirst: true, forwardedBy: of(lbs), draining: of(draining) }
    this.view.onReport(plan.uplink.name, { kind: 'switch', event: 'routes', data } as never)
  }

  get states(): string[] {
    return this.events(9).map(({ id, state }) => `${id} ${state}`)
  }

  events(limit: number) {
    return this.predictions.list(limit).map(({ event }) => event)
  }
}

/** Lets all promises that can be settled run. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

t.test('an event is predicted before it begins, and measured when the routes have changed', async (t) => {
  const rig = new Rig()
  await rig.predictions.before('lb-2 is killed', { kill: ['lb-2'] })
  t.equal(rig.requests[0], 'keepFlows 1', 'the event waits for this only')
  await settled()
  t.same(rig.requests, ['keepFlows 1', 'predict 1'])
  t.match(rig.events(1), [
    { id: 1, event: 'lb-2 is killed', state: 'pending', selection: 'modulo', measured: [], afterMs: null },
  ])
  rig.routes(['lb-1', 'lb-3', 'lb-4'])
  await settled()
  t.same(rig.requests, ['keepFlows 1', 'predict 1', 'measureFlows 1'])
  const [event] = rig.events(1)
  t.match(event, { state: 'measured', reason: null })
  t.match(event?.predicted, [{ flows: 100, directLoss: 25, collateral: 25 }])
  t.match(event?.measured, [
    { vip: 'web', flows: 100, directLoss: 25, differencePoints: { directLoss: 0, collateral: 0 } },
  ])
  t.match(event?.measured[0]?.perLb['lb-1'], { flows: 30, collateral: 20 })
})

t.test('a return, a drain and its end are met by the routes', async (t) => {
  const rig = new Rig()
  rig.routes(['lb-1', 'lb-3', 'lb-4'])
  rig.predictions.onStarted('lb-2')
  rig.predictions.onStarted('uplink')
  await settled()
  t.same(rig.states, ['1 pending'])
  rig.routes(['lb-1', 'lb-2', 'lb-3', 'lb-4'])
  await settled()
  await rig.predictions.before('lb-2 drains', { drain: ['lb-2'] })
  await settled()
  t.same(rig.states, ['2 pending', '1 measured'])
  rig.routes(['lb-1', 'lb-2', 'lb-3', 'lb-4'], ['lb-2'])
  await settled()
  await rig.predictions.before('the drain of lb-2 ends', { undrain: ['lb-2'] })
  await settled()
  t.same(rig.states, ['3 pending', '2 measured', '1 measured'])
})

t.test('what changes no route, or is pending already, is not predicted again', async (t) => {
  const rig = new Rig()
  await rig.predictions.before('nothing', {})
  await rig.predictions.before('a backend is killed', { kill: [] })
  await rig.predictions.before('lb-2 returns', { add: ['lb-2'] })
  t.same(rig.requests, [])
  await rig.predictions.before('lb-2 is killed', { kill: ['lb-2'] })
  await rig.predictions.before('lb-2 is killed again', { kill: ['lb-2'] })
  t.same(rig.states, ['1 pending'])
  rig.state = 'paused'
  await rig.predictions.before('lb-3 is killed', { kill: ['lb-3'] })
  t.same(rig.states, ['1 pending'], 'nor while the switch can not respond')
})

t.test('an event of one VIP is about its flows and its route only', async (t) => {
  const rig = new Rig()
  await rig.predictions.before('web is taken off lb-2', { kill: ['lb-2'] }, 'web')
  await rig.predictions.before('api is taken off lb-2', { kill: ['lb-2'] }, 'api')
  await settled()
  t.same(rig.states, ['2 pending', '1 pending'])
  const lbs = ['lb-1', 'lb-3', 'lb-4']
  const data = { isFirst: false, forwardedBy: { [`${web?.address}/32`]: lbs }, draining: {} }
  rig.view.onReport(plan.uplink.name, { kind: 'switch', event: 'routes', data } as never)
  await settled()
  t.same(rig.states, ['2 pending', '1 measured'])
  t.match(rig.events(9)[1]?.measured, [{ vip: 'web', flows: 100 }])
})

t.test('an event that does not take place is no event', async (t) => {
  const rig = new Rig()
  const expectation = await rig.predictions.before('lb-2 is killed', { kill: ['lb-2'] })
  await t.rejects(expectation.unlessFails(Promise.reject(new Error('it is kept stopped'))), /kept stopped/)
  await settled()
  t.same(rig.states, [])
  t.same(rig.requests.at(-1), 'measureFlows 1', 'the switch deletes the flows')
})

t.test('a switch that does not respond delays no event for long', async (t) => {
  const rig = new Rig()
  rig.keepFlows = () => new Promise(() => {})
  const startedAt = performance.now()
  await rig.predictions.before('lb-2 is killed', { kill: ['lb-2'] })
  t.ok(performance.now() - startedAt < 5_000)
  t.match(rig.events(1), [{ state: 'failed', reason: /has not copied its flows within 500 ms$/ }])
  rig.keepFlows = async () => Promise.reject(new Error('it is gone'))
  await rig.predictions.before('lb-3 is killed', { kill: ['lb-3'] })
  t.same(rig.states, ['2 failed', '1 failed'])
})

t.test('a switch that was started again has no flows of before', async (t) => {
  const rig = new Rig()
  rig.measured = null
  await rig.predictions.before('lb-2 is killed', { kill: ['lb-2'] })
  rig.routes(['lb-1', 'lb-3', 'lb-4'])
  await settled()
  t.match(rig.events(1), [{ state: 'failed', reason: /^uplink has been started again/ }])
})

t.test('the latest 64 events are kept, and eight are followed at once', async (t) => {
  const rig = new Rig()
  const lbs = ['lb-1', 'lb-2', 'lb-3', 'lb-4']
  for (let n = 0; n < 70; n++) {
    const lb = lbs[n % 4]!
    await rig.predictions.before(`${lb} drains`, { drain: [lb] })
    rig.routes(lbs, [lb])
    await settled()
    rig.routes(lbs)
  }
  const events = rig.events(1_000)
  t.same([events.length, events[0]?.id, events.at(-1)?.id], [64, 70, 7])
  t.ok(events.every(({ state }) => state === 'measured'))
})

/** A row of a TCP flow to `web` that was established at home. */
function row(
  id: number,
  home: number,
  changes: readonly number[],
  end: EdgeEnd,
  endedAt: number,
  fate: HopFate,
): EdgeRow {
  const { address, port } = WEB
  const at = 10
  return [id, 6, 1, 40_000 + id, address, port, at, at, endedAt, 1, 1, 0, end, fate, 0, home, home, 1, 0, changes]
}

t.test('flow records give the next hops before and after an event, and outcomes until now', async (t) => {
  const store = new FlowStore({ kept: 100 })
  const { OPEN, RESET, CLOSED } = EdgeEnd
  const { KEPT, AWAY, GONE } = HopFate
  // The clock of the switch is 1,000 ms behind; the event is at 100 of it, its routes change at 110.
  const rows = [
    row(1, 1, [], OPEN, 0, KEPT),
    row(2, 1, [110, 3, 0], RESET, 150, AWAY),
    row(3, 1, [50, 2, 0, 110, 4, 0], OPEN, 0, AWAY),
    row(4, 2, [110, 4, 0], RESET, 160, GONE),
    row(5, 2, [110, 4, 0, 900, 2, 0], OPEN, 0, KEPT),
    row(6, 3, [900, 4, 0], CLOSED, 1_000, KEPT),
    row(7, 3, [], CLOSED, 90, KEPT),
    row(9, 3, [], CLOSED, 105, KEPT),
  ]
  for (const one of rows) store.takeEdgeRow('uplink', 1_000, one)
  const late = [...row(8, 2, [], OPEN, 0, KEPT)] as unknown as { -readonly [I in keyof EdgeRow]: EdgeRow[I] }
  late[6] = 101
  store.takeEdgeRow('uplink', 1_000, late)
  const [web, ...others] = recordedOutcomes(plan, store, {
    change: { kill: ['lb-2'] },
    keptAt: 1_100,
    changedAt: 1_115,
  })
  t.same(others, [])
  t.match(web, { vip: 'web', flows: 7, directLoss: 3, collateral: 1, unaffected: 2, endedBefore: 1 })
  t.match(web?.outcomes.directLoss, { open: 2, 'lost-with-its-lb': 1 })
  t.match(web?.outcomes.collateral, { 'broken-by-rehash': 1 })
  t.match(web?.outcomes.unaffected, { open: 1, completed: 1 })
  const pending = { change: {}, keptAt: 1_100, changedAt: null }
  t.same(recordedOutcomes(plan, store, pending), [], 'not before the routes have changed')
})
