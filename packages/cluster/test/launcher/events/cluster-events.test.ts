import t from 'tap'
import { EventRig } from './event-rig.js'

const WEB = { prefixes: ['127.20.10.1/32'], prefixCount: 1 }

/** Reports of the uplink switch that loses lb-2. */
function uplinkLosesLb2(rig: EventRig): void {
  rig.reports(
    'uplink',
    { id: 1, kind: 'link.down', lb: 'lb-2', side: 'uplink', reason: 'closed' },
    { id: 2, cause: 1, kind: 'bgp.down', neighbor: 'lb-2', detector: 'carrier', reason: 'no carrier' },
    { id: 3, cause: 2, kind: 'route.changed', ...WEB, before: ['lb-1', 'lb-2'], after: ['lb-1'] },
    { id: 4, cause: 3, kind: 'flows.rehashed', flows: 7, moves: [{ from: 'lb-2', to: 'lb-1', flows: 7 }] },
  )
}

const killed = { name: 'role.kill', author: 'cli', parameters: { role: 'lb-2' } } as const

t.test('a kill is followed by its causes to the flows that broke', async (t) => {
  const rig = new EventRig()
  await rig.timers.pass(1_500)
  await rig.events.operate(killed, async () => {
    rig.events.onExited('lb-2', 'was ended by SIGKILL', 500)
    return 'done'
  })
  uplinkLosesLb2(rig)
  rig.reports('lb-1', { id: 1, kind: 'flows.unknown', flows: 6 })
  t.same(rig.chain, [
    '1 operation launcher',
    '2 role.exited lb-2 ← 1',
    '3 link.down uplink ← 2',
    '4 bgp.down uplink ← 3',
    '5 route.changed uplink ← 4',
    '6 flows.rehashed uplink ← 5',
    '7 flows.unknown lb-1 ← 6',
  ])
  t.match(rig.seen[0], { operation: 'role.kill', author: 'cli', parameters: { role: 'lb-2' } })
  t.match(rig.seen[4], { at: '2026-01-01T00:00:01.500Z', mono: 1_500_000, vips: ['web'] })
  t.same(
    (await rig.read({ cause: 3 })).map(({ seq }) => seq),
    [3, 4, 5, 6, 7],
    'and from its middle',
  )
})

t.test('a report whose cause comes later from another process waits for it, and so do those behind it', async (t) => {
  const rig = new EventRig()
  uplinkLosesLb2(rig)
  rig.reports('lb-1', { id: 1, kind: 'flows.unknown', flows: 6 })
  rig.reports('backend-1')
  t.same(rig.chain, [], 'nothing is said to have come from nowhere')
  await rig.timers.pass(30)
  rig.events.onExited('lb-2', 'was ended by SIGKILL', 500)
  t.same(rig.chain, [
    '1 role.exited lb-2',
    '2 link.down uplink ← 1',
    '3 bgp.down uplink ← 2',
    '4 route.changed uplink ← 3',
    '5 flows.rehashed uplink ← 4',
    '6 flows.unknown lb-1 ← 5',
  ])
  t.equal(rig.timers.size, 0)
})

t.test('a cause that does not come is waited for 100 ms, and not by the launcher', async (t) => {
  const rig = new EventRig()
  uplinkLosesLb2(rig)
  rig.events.happened({ kind: 'stopping' }, 'launcher', 0)
  await rig.timers.pass(99)
  t.equal(rig.seen.length, 1 + 4, 'the link goes down since the cluster stops')
  const other = new EventRig()
  uplinkLosesLb2(other)
  await other.timers.pass(99)
  t.same(other.chain, [])
  await other.timers.pass(1)
  t.same(other.chain.slice(0, 2), ['1 link.down uplink', '2 bgp.down uplink ← 1'])
  t.equal(other.seen[0]?.mono, 0, 'with the time at which it happened')
  t.equal(other.timers.size, 0)
})

t.test('local ids begin again with each process of a role', async (t) => {
  const rig = new EventRig()
  const drains = { of: 'lb-1', sessions: 0 }
  rig.reports(
    'lb-1',
    { id: 1, kind: 'drain.started', ...drains },
    { id: 2, kind: 'drain.finished', ...drains, cause: 1 },
  )
  rig.events.onExited('lb-1', 'ended with code 0', 0)
  rig.reports(
    'lb-1',
    { id: 1, kind: 'drain.started', ...drains },
    { id: 2, kind: 'drain.finished', ...drains, cause: 1 },
  )
  rig.reports('lb-1', { id: 3, kind: 'drain.progress', ...drains, cause: 99 })
  t.same(rig.chain, [
    '1 drain.started lb-1',
    '2 drain.finished lb-1 ← 1',
    '3 role.exited lb-1',
    '4 drain.started lb-1',
    '5 drain.finished lb-1 ← 4',
    '6 drain.progress lb-1',
  ])
})

t.test('an operation that fails is an event, and so is one that streams', async (t) => {
  const rig = new EventRig()
  const failing = rig.events.operate(killed, async () => Promise.reject(new Error('there is no lb-2')))
  await t.rejects(failing as Promise<unknown>, { message: 'there is no lb-2' })
  t.match(rig.seen, [{ kind: 'operation' }, { kind: 'operation.failed', reason: 'there is no lb-2', cause: 1 }])

  const operations: (number | undefined)[] = []
  const steps = rig.events.operate({ name: 'lb.drain', author: 'api', parameters: { lb: 'lb-1' } }, async function* () {
    operations.push(rig.events.operation)
    yield 1
    operations.push(rig.events.operation)
    return 'done'
  })
  t.ok('next' in steps)
  if ('next' in steps) {
    t.same(await steps.next(), { done: false, value: 1 })
    t.same(await steps.next(), { done: true, value: 'done' })
  }
  t.same(operations, [3, 3])
  t.equal(rig.events.operation, undefined)
})

t.test('long parameters are cut, and values that are no text become JSON', async (t) => {
  const rig = new EventRig()
  const parameters = { vip: 'x'.repeat(5_000), weights: { a: 1 }, wait: true }
  await rig.events.operate({ name: 'vip.set', author: 'api', parameters }, async () => null)
  t.match(rig.seen[0], { parameters: { vip: 'x'.repeat(512), weights: '{"a":1}', wait: 'true' } })
})
