import type { Inhibitor } from '@fivetuple/lb-node'
import t from 'tap'
import { ClusterView } from '../../dist/launcher/cluster-view.js'
import { ListenerEvents } from '../../dist/launcher/listener-events.js'
import { untilReady } from '../../dist/launcher/readiness.js'
import { Recovery } from '../../dist/launcher/recovery.js'
import type { ClusterPlan } from '../../dist/plan/plan.js'
import { VirtualTimers } from './virtual-timers.js'

const WEB = '127.20.10.1'
const LBS = ['lb-1', 'lb-2']
const bipOf = (lb: string) => `127.20.2.${lb.at(-1)}`

const plan = {
  uplink: { name: 'uplink' },
  downlink: { name: 'downlink' },
  switches: [{ name: 'uplink' }, { name: 'downlink' }],
  lbs: LBS.map((name) => ({ name })),
  backends: [],
  vips: [{ name: 'web', address: WEB, lbs: LBS, listen: { address: WEB, port: 8080 } }],
} as unknown as ClusterPlan

/** A view that reports are fed to, and virtual time. */
class Rig {
  readonly view = new ClusterView(plan)
  readonly timers = new VirtualTimers()
  readonly configs = { get: (lb: string) => ({ bip: bipOf(lb), vips: [WEB], draining: false }) }
  readonly recovery = new Recovery(plan, this.configs as never, this.view, this.timers.after)
  readonly #hasReported = new Set<string>()

  ready(...names: string[]): void {
    for (const name of names) this.view.onReady(name)
  }

  routes(name: string, forwardedBy: Record<string, string[]>, draining: Record<string, string[]> = {}): void {
    const isFirst = !this.#hasReported.has(name)
    this.#hasReported.add(name)
    this.view.onReport(name, { kind: 'switch', event: 'routes', data: { isFirst, forwardedBy, draining } })
  }

  placed(lb: string, ...inhibitedBy: Inhibitor[]): void {
    this.view.onReport(lb, { kind: 'lb', event: 'vips', data: [{ address: WEB, inhibitedBy, drainedBy: [] }] })
  }

  died(name: string): void {
    this.#hasReported.delete(name)
    this.view.onDied(name)
  }

  listenFailures(...services: string[]): void {
    const data = services.map((service) => ({ service, code: 'EADDRINUSE', reason: 'in use' }))
    this.view.onReport('uplink', { kind: 'switch', event: 'listenFailures', data })
  }

  /** Brings everything up. */
  converge(): void {
    this.ready('uplink', 'downlink', ...LBS)
    this.routes('uplink', { [`${WEB}/32`]: LBS })
    this.routes('downlink', Object.fromEntries(LBS.map((lb) => [`${bipOf(lb)}/32`, [lb]])))
    for (const lb of LBS) this.placed(lb)
  }
}

t.test('a view names what is missing until the cluster has converged', async (t) => {
  const rig = new Rig()
  t.same(rig.view.missing(), ['uplink', 'downlink', 'lb-1', 'lb-2', 'route of web via lb-1', 'route of web via lb-2'])
  rig.ready('uplink', 'downlink', 'lb-1', 'lb-2')
  rig.routes('uplink', { [`${WEB}/32`]: ['lb-1'] })
  t.same(rig.view.missing(), ['route of web via lb-2'])
  rig.placed('lb-2', 'no-healthy-backend')
  t.ok(rig.view.isConverged, 'an inhibited VIP is not waited for')
  rig.listenFailures('web')
  t.same([rig.view.missing(), rig.view.isConverged], [[], false])
})

t.test('with active and standby LBs one route is enough, and must be there', async (t) => {
  const rig = new Rig()
  rig.ready('uplink', 'downlink', 'lb-1', 'lb-2')
  for (const lb of LBS) rig.placed(lb, 'standby')
  t.same(rig.view.missing(), ['an active LB for web'])
  rig.placed('lb-1')
  rig.routes('uplink', { [`${WEB}/32`]: ['lb-1'] })
  t.ok(rig.view.isConverged)
})

t.test('routes and drains change independently', async (t) => {
  const rig = new Rig()
  rig.converge()
  rig.routes('uplink', {}, { [`${WEB}/32`]: ['lb-2'] })
  t.same(rig.view.routesOf(WEB), [
    { lb: 'lb-1', isDraining: false },
    { lb: 'lb-2', isDraining: true },
  ])
  rig.routes('uplink', { [`${WEB}/32`]: ['lb-2'] })
  t.same(rig.view.routesOf(WEB), [{ lb: 'lb-2', isDraining: true }])
  rig.routes('uplink', { [`${WEB}/32`]: [] })
  t.same(rig.view.routesOf(WEB), [])
})

t.test('nothing is known of a role that has ended', async (t) => {
  const rig = new Rig()
  rig.converge()
  t.ok(rig.view.hasReturnRoute('lb-1', bipOf('lb-1')))
  rig.died('downlink')
  t.notOk(rig.view.hasReturnRoute('lb-1', bipOf('lb-1')))
  rig.died('lb-1')
  t.equal(rig.view.inhibitorsOf('lb-1', WEB), undefined)
  rig.died('uplink')
  rig.routes('uplink', { '127.20.10.9/32': ['lb-1'] })
  t.same(rig.view.lbsVia(WEB), [], 'not named in its first report')
})

t.test('a cluster is ready when it has converged', async (t) => {
  const rig = new Rig()
  const ready = untilReady(rig.view, { after: rig.timers.after })
  rig.converge()
  await ready
  t.equal(rig.timers.size, 0)
})

t.test('a VIP that is not listened for is waited for only a moment', async (t) => {
  const rig = new Rig()
  rig.listenFailures('web')
  let isReady = false
  void untilReady(rig.view, { after: rig.timers.after }).then(() => {
    isReady = true
  })
  rig.converge()
  await rig.timers.pass(0)
  await rig.timers.pass(1_999)
  t.notOk(isReady)
  await rig.timers.pass(1)
  t.ok(isReady)
})

t.test('if a cluster never gets ready, the error names what is missing', async (t) => {
  const rig = new Rig()
  const ready = untilReady(rig.view, { after: rig.timers.after })
  rig.ready('uplink', 'downlink', 'lb-1')
  rig.placed('lb-1', 'standby')
  const failed = t.rejects(ready, { message: 'not ready after 60 s; still missing: lb-2, an active LB for web' })
  await rig.timers.pass(60_000)
  await failed
})

t.test('a signal ends the wait for readiness', async (t) => {
  const rig = new Rig()
  const controller = new AbortController()
  const ready = untilReady(rig.view, { after: rig.timers.after, signal: controller.signal })
  controller.abort(new Error("lb-1 can't start"))
  await t.rejects(ready, { message: "lb-1 can't start" })
})

t.test('an LB has recovered when it is routed to in both directions', async (t) => {
  const rig = new Rig()
  rig.converge()
  rig.died('lb-1')
  rig.routes('uplink', { [`${WEB}/32`]: ['lb-2'] })
  const routed = rig.recovery.untilRouted(['lb-1'])
  rig.placed('lb-1', 'no-downlink')
  rig.placed('lb-1')
  rig.routes('uplink', { [`${WEB}/32`]: LBS })
  t.same(await routed, [])
  t.same(rig.recovery.vipsOf('lb-1'), ['web'])
})

t.test('VIPs without healthy backends are waited for a while, and named', async (t) => {
  const rig = new Rig()
  rig.converge()
  rig.placed('lb-1', 'no-healthy-backend')
  const routed = rig.recovery.untilRouted(['lb-1'])
  await rig.timers.pass(5_000)
  t.same(await routed, ['web'])
})

t.test('what is not back in time is named', async (t) => {
  const rig = new Rig()
  rig.converge()
  rig.routes('uplink', { [`${WEB}/32`]: ['lb-2'] })
  const failed = t.rejects(rig.recovery.untilRouted(LBS), {
    status: 503,
    message: `not all is back after 10 s: the route of ${WEB} via lb-1; see 'fivetuple status'`,
  })
  await rig.timers.pass(5_000)
  await rig.timers.pass(5_000)
  await failed
})

t.test('each change of a listener becomes one event', async (t) => {
  const rig = new Rig()
  const events = new ListenerEvents(plan, rig.view)
  rig.converge()
  t.same(events.changes(), [])
  rig.listenFailures('web')
  t.match(events.changes(), [{ kind: 'listener.failed', vip: 'web', failure: { code: 'EADDRINUSE' } }])
  t.same(events.changes(), [])
  rig.listenFailures()
  t.match(events.changes(), [{ kind: 'listener.restored', vip: 'web', listen: `${WEB}:8080` }])
})
