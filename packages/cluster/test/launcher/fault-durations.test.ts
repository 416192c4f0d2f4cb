import { GOOD_BEHAVIOR } from '@fivetuple/backend/behavior'
import t from 'tap'
import { FaultControl } from '../../dist/launcher/faults/fault-control.js'
import type { FaultChange } from '../../dist/launcher/faults/fault-event.js'
import { FAULTS_MAX, FaultRecords } from '../../dist/launcher/faults/fault-records.js'
import type { LauncherParts } from '../../dist/launcher/parts.js'
import { VirtualTimers } from './virtual-timers.js'

/** Faults of one LB and one backend without processes, on virtual time. */
function faults() {
  const roles = new Map([
    ['lb-1', { spec: { name: 'lb-1', kind: 'lb' }, pid: 7, cpuShare: null, state: 'running' }],
    ['backend-1', { spec: { name: 'backend-1', kind: 'backend' }, pid: 8, cpuShare: null, state: 'running' }],
  ])
  const become = (state: string) => (role: string) => Object.assign(roles.get(role)!, { state })
  let behavior = GOOD_BEHAVIOR
  const parts = {
    plan: {
      uplink: { name: 'uplink', bgp: { holdTime: 9 } },
      downlink: { name: 'downlink' },
      switches: [],
      lbs: [{ name: 'lb-1' }],
      backends: [{ name: 'backend-1' }],
      vips: [],
    },
    supervisor: {
      states: () => [...roles.values()],
      state: (role: string) => roles.get(role) ?? { state: 'running' },
      pause: become('paused'),
      resume: become('running'),
    },
    links: { down: [], isDown: () => false },
    flaps: { list: [] },
    impairments: { list: [], ofLb: () => [] },
    roles: {
      lb: () => async () => ({ mutedBgp: [], routes: [], usablePorts: null, usableSessions: null }),
      backend: (name: string) => async (method: string, change: object) => {
        if (roles.get(name)?.state === 'paused') throw new Error('it is paused')
        if (method === 'setBehavior') behavior = { ...behavior, ...change }
        return method === 'setBehavior' ? behavior : { behavior }
      },
    },
    recovery: { untilRouted: async () => [] },
  } as unknown as LauncherParts
  const changes: FaultChange[] = []
  const timers = new VirtualTimers()
  const control = new FaultControl(parts, {
    onChange: (change) => changes.push(change),
    timers,
    timeOfDay: timers.now,
  })
  const stateOf = (role: string) => roles.get(role)?.state
  const log = () => changes.splice(0).map(({ id, change }) => `${id} ${change}`)
  return { control, timers, stateOf, become, log, changes, behavior: () => behavior }
}

t.test('a fault ends by itself after its duration, as by hand', async (t) => {
  const { control, timers, stateOf, changes, log } = faults()
  const how = { author: 'cli', forMs: 5_000 } as const
  t.match(await control.inject([{ kind: 'paused', role: 'lb-1' }], how), {
    injected: [{ id: 'f1', seed: null, endsAt: '1970-01-01T00:00:05.000Z' }],
  })
  t.match((await control.list()).faults, [
    { id: 'f1', author: 'cli', startedAt: '1970-01-01T00:00:00.000Z', endsAt: '1970-01-01T00:00:05.000Z' },
  ])
  t.match(changes, [{ kind: 'paused', role: 'lb-1', author: 'cli', description: 'lb-1 is paused (SIGSTOP)' }])
  await timers.pass(4_999)
  t.equal(stateOf('lb-1'), 'paused')
  await timers.pass(1)
  t.equal(stateOf('lb-1'), 'running')
  t.strictSame(log(), ['f1 injected', 'f1 ended'])
  t.strictSame((await control.list()).faults, [])
  t.equal(timers.size, 0)
  await t.rejects(control.clearOne('f1', 'cli'), { status: 404, message: /no faults are injected/ })
})

t.test('a fault that is injected again keeps its id and gets a new end', async (t) => {
  const { control, timers, stateOf, log } = faults()
  const paused = { kind: 'paused', role: 'lb-1' } as const
  await control.inject([paused], { author: 'cli', forMs: 1_000 })
  await timers.pass(900)
  t.match(await control.inject([paused], { author: 'api', forMs: 1_000 }), { injected: [{ id: 'f1' }] })
  await timers.pass(900)
  t.equal(stateOf('lb-1'), 'paused')
  await control.inject([paused], { author: 'api' })
  t.match((await control.list()).faults, [{ author: 'api', startedAt: '1970-01-01T00:00:00.000Z', endsAt: null }])
  t.equal(timers.size, 0)
  await timers.pass(60_000)
  t.equal(stateOf('lb-1'), 'paused', 'without a duration it lasts')
  await control.clear([paused], 'cli')
  t.strictSame(log(), ['f1 injected', 'f1 injected', 'f1 injected', 'f1 cleared'])
})

t.test('the end of a fault leaves alone what has come after it', async (t) => {
  const { control, timers, stateOf, become, log } = faults()
  const paused = { kind: 'paused', role: 'lb-1' } as const
  await control.inject([paused], { author: 'cli', forMs: 1_000 })
  become('running')('lb-1') // its process has died and is started again
  t.strictSame((await control.list()).faults, [])
  t.equal(timers.size, 0)
  await control.inject([paused], { author: 'cli' })
  await timers.pass(5_000)
  t.equal(stateOf('lb-1'), 'paused')
  t.strictSame(log(), ['f1 injected', 'f1 vanished', 'f2 injected'])

  await control.clearAll('cli')
  await control.inject([paused], { author: 'cli', forMs: 1_000 })
  become('running')('lb-1')
  await timers.pass(1_000)
  t.equal(timers.size, 0)
  t.strictSame(log(), ['f2 cleared', 'f3 injected', 'f3 vanished'], 'nothing is left to end')
})

t.test('each field of the behavior of a backend has its own duration', async (t) => {
  const { control, timers, behavior } = faults()
  const fault = (behavior: object) => ({ kind: 'misbehaving', role: 'backend-1', behavior }) as const
  await control.inject([fault({ delayMs: 5 })], { author: 'cli', forMs: 1_000 })
  await control.inject([fault({ failRatio: 0.5 }), fault({ refuse: true })], { author: 'cli' })
  t.match((await control.list()).faults, [{ id: 'f1' }, { id: 'f2' }, { id: 'f3' }])
  await timers.pass(1_000)
  await timers.pass(0)
  t.strictSame(behavior(), { ...GOOD_BEHAVIOR, failRatio: 0.5, refuse: true })
  await control.clearOne('f3', 'api')
  t.strictSame(behavior(), { ...GOOD_BEHAVIOR, failRatio: 0.5 })
  await control.clear([fault({ ...GOOD_BEHAVIOR })], 'api')
  t.strictSame(behavior(), GOOD_BEHAVIOR)
})

t.test('the end of a fault whose role does not respond is tried again', async (t) => {
  const { control, timers, behavior, become, log } = faults()
  await control.inject([{ kind: 'misbehaving', role: 'backend-1', behavior: { stall: true } }], {
    author: 'cli',
    forMs: 1_000,
  })
  become('paused')('backend-1')
  for (let s = 0; s < 5; s++) await timers.pass(1_000)
  t.strictSame(log(), ['f1 injected', 'f1 overdue'], 'reported once')
  t.equal(timers.size, 1)
  become('running')('backend-1')
  await timers.pass(1_000)
  await timers.pass(0)
  t.strictSame(behavior(), GOOD_BEHAVIOR)
  t.strictSame(log(), ['f1 ended'])
  t.equal(timers.size, 0)
})

t.test('a fault that can not be injected leaves no record', async (t) => {
  const { control, timers, become, log } = faults()
  const stalled = { kind: 'misbehaving', role: 'backend-1', behavior: { stall: true } } as const
  await control.inject([stalled], { author: 'cli', forMs: 10_000 })
  become('paused')('backend-1')
  await t.rejects(control.inject([stalled], { author: 'api' }), { status: 503, message: /paused/ })
  await t.rejects(
    control.inject([{ kind: 'misbehaving', role: 'backend-1', behavior: { delayMs: 1 } }], { author: 'api' }),
    { status: 503, message: /paused/ },
  )
  become('running')('backend-1')
  t.match((await control.list()).faults, [{ id: 'f1', author: 'cli', endsAt: '1970-01-01T00:00:10.000Z' }])
  t.equal(timers.size, 1, 'the first keeps its end')
  t.strictSame(log(), ['f1 injected', 'f1 injected', 'f1 failed', 'f2 injected', 'f2 failed'])
})

t.test('after the stop no fault ends by itself', async (t) => {
  const { control, timers, stateOf } = faults()
  const paused = { kind: 'paused', role: 'lb-1' } as const
  await control.inject([paused], { author: 'cli', forMs: 1_000 })
  control.stop()
  t.equal(timers.size, 0)
  await control.inject([paused], { author: 'cli', forMs: 1_000 })
  t.equal(timers.size, 0)
  t.equal(stateOf('lb-1'), 'paused')
})

t.test('a list that was requested before a change does not contradict it', async (t) => {
  const records = new FaultRecords()
  const fields = { kind: 'paused', role: 'a', description: 'a is paused' }
  const asOf = records.version
  const { record } = records.begin(fields, () => 'a', { author: 'cli' }, 0)
  t.strictSame(records.match('paused', [], () => true, records.version, 0).vanished, [], 'it is being injected')
  records.settle(record)
  t.strictSame(records.match('paused', [], () => true, asOf, 0).vanished, [], 'the list is older than the fault')
  t.strictSame(records.match('paused', [], () => false, records.version, 0).vanished, [], 'its role did not respond')
  const old = records.version
  t.strictSame(records.match('paused', [], () => true, records.version, 0).vanished, [record])
  const stale = { role: 'a', key: 'a', description: 'a is paused' }
  t.strictSame(records.match('paused', [stale], () => true, old, 0).found, [], 'a fault that was just cleared')
  t.match(records.match('paused', [stale], () => true, records.version, 0).found, [{ record: { id: 'f2' } }])
})

t.test('the number of faults is bounded', async (t) => {
  const records = new FaultRecords()
  const begin = (role: string) =>
    records.begin({ kind: 'paused', role, description: '' }, () => role, { author: 'cli' }, 0)
  for (let i = 0; i < FAULTS_MAX; i++) begin(`lb-${i}`)
  t.throws(() => begin('one more'), /1000 faults, the most at once/)
  t.equal(begin('lb-0').record.id, 'f1', 'a known fault can change')
})
