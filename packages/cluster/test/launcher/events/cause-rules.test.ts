import t from 'tap'
import { causeOf, type Effect } from '../../../dist/launcher/events/cause-rules.js'
import type { ClusterEvent, Happening } from '../../../dist/launcher/events/event.js'

/** An event at `ms` since the start. */
function event(seq: number, ms: number, node: string, happening: Happening): ClusterEvent {
  return { seq, at: '', mono: ms * 1_000, node, ...happening }
}

const effect = (ms: number, node: string, happening: Happening): Effect => ({ ...happening, node, mono: ms * 1_000 })
const cause = (of: Effect, log: readonly ClusterEvent[], isLastTry = true) =>
  causeOf(of, log.toReversed(), isLastTry)?.seq

const operation = (name: string, parameters: Record<string, string>): Happening => ({
  kind: 'operation',
  operation: name,
  author: 'cli',
  parameters,
})
const fault = (id: string, faultKind: string, role: string, side?: string): Happening => ({
  kind: 'fault.injected',
  fault: id,
  faultKind,
  role,
  ...(side !== undefined && { side }),
  author: 'cli',
  seed: null,
  endsAt: null,
  description: '',
})
const exited: Happening = { kind: 'role.exited', how: 'was ended by SIGKILL', restartInMs: 500 }
const started: Happening = { kind: 'role.started', pid: 1 }
const down = (lb: string, side: 'uplink' | 'downlink'): Happening => ({ kind: 'link.down', lb, side, reason: '' })
const bgpDown = (neighbor: string, detector: 'peer' | 'hold-timer' | 'bfd' | 'local' | 'transport'): Happening => ({
  kind: 'bgp.down',
  neighbor,
  detector,
  reason: '',
})
const changed = (before: string[], after: string[]): Happening => ({
  kind: 'route.changed',
  prefixes: ['127.20.10.1/32'],
  prefixCount: 1,
  before,
  after,
})
const address = '127.20.10.1'

t.test('the end of a process is caused by the operation or the fault on it, or by nothing here', async (t) => {
  const log = [
    event(1, 0, 'launcher', operation('role.kill', { role: 'lb-1' })),
    event(2, 1, 'launcher', operation('role.kill', { role: 'lb-2' })),
    event(3, 2, 'launcher', operation('vip.add', { lb: 'lb-2' })),
    event(4, 3, 'lb-3', fault('f1', 'kept-stopped', 'lb-3')),
  ]
  t.equal(cause(effect(10, 'lb-2', exited), log), 2)
  t.equal(cause(effect(10, 'lb-3', exited), log), 4)
  t.equal(cause(effect(10, 'lb-4', exited), log), undefined)
  t.equal(cause(effect(60_000, 'lb-2', exited), log), undefined, 'an old operation')
  t.equal(cause(effect(5, 'lb-4', exited), [...log, event(5, 4, 'launcher', operation('lb.rolling-restart', {}))]), 5)
  t.equal(cause(effect(5, 'lb-4', exited), [...log, event(5, 4, 'launcher', { kind: 'stopping' })]), 5)
  t.equal(cause(effect(20, 'lb-2', started), [...log, event(5, 11, 'lb-2', exited)]), 5)
})

t.test('a link goes down since a process has ended at either end, or since it was taken down', async (t) => {
  const lost = [event(1, 100, 'lb-2', exited)]
  t.equal(cause(effect(99, 'uplink', down('lb-2', 'uplink')), lost), 1, 'also if its end is seen a little later')
  t.equal(cause(effect(99, 'uplink', down('lb-1', 'uplink')), lost), undefined, 'a link of another LB')
  t.equal(cause(effect(101, 'lb-1', down('lb-1', 'downlink')), [event(1, 100, 'downlink', exited)]), 1)
  t.equal(cause(effect(101, 'lb-1', down('lb-1', 'uplink')), [event(1, 100, 'downlink', exited)]), undefined)
  const taken = [event(1, 100, 'lb-2', fault('f1', 'link-down', 'lb-2', 'uplink'))]
  t.equal(cause(effect(101, 'uplink', down('lb-2', 'uplink')), taken), 1)
  t.equal(cause(effect(101, 'downlink', down('lb-2', 'downlink')), taken), undefined, 'the other link of the LB')
  t.equal(cause(effect(60_000, 'uplink', down('lb-2', 'uplink')), taken), 1, 'a fault that lasts, such as a flap')
  const over = { ...fault('f1', 'link-down', 'lb-2', 'uplink'), kind: 'fault.ended' } as Happening
  const ended = [...taken, event(2, 30_000, 'lb-2', over)]
  t.equal(cause(effect(60_000, 'uplink', down('lb-2', 'uplink')), ended), undefined)
})

t.test('the end of a session is caused by its other end, or by the fault that the detector has found', async (t) => {
  const paused = [event(1, 0, 'lb-2', fault('f1', 'paused', 'lb-2'))]
  t.equal(cause(effect(900, 'uplink', bgpDown('lb-2', 'bfd')), paused), 1)
  t.equal(cause(effect(9_000, 'uplink', bgpDown('lb-2', 'hold-timer')), paused), 1)
  t.equal(cause(effect(9_000, 'uplink', bgpDown('lb-3', 'hold-timer')), paused), undefined)
  const ended = [...paused, event(2, 9_000, 'uplink', bgpDown('lb-2', 'hold-timer'))]
  t.equal(cause(effect(9_010, 'lb-2', bgpDown('uplink', 'peer')), ended), 2)
  const stopped = [event(1, 0, 'uplink', bgpDown('lb-2', 'peer'))]
  t.equal(cause(effect(1, 'lb-2', bgpDown('uplink', 'local')), stopped), undefined, 'it is the other way round')
  t.equal(cause(effect(10, 'uplink', bgpDown('lb-2', 'transport')), [event(1, 11, 'lb-2', exited)]), 1)
})

t.test('what others notice of the end of a process is caused by the end, not by the kill', async (t) => {
  const kill = [
    event(1, 0, 'launcher', operation('role.kill', { role: 'lb-2' })),
    event(2, 0, 'lb-2', fault('f1', 'kept-stopped', 'lb-2')),
  ]
  const ended = [...kill, event(3, 2, 'lb-2', exited)]
  for (const noticed of [down('lb-2', 'uplink'), bgpDown('lb-2', 'transport')]) {
    const seen = effect(1, 'uplink', noticed)
    t.equal(cause(seen, kill, false), undefined, 'the end may still be reported')
    t.equal(cause(seen, ended, false), 3)
    t.ok([1, 2].includes(cause(seen, kill) ?? 0), 'better than nothing')
  }
  t.equal(cause(effect(1, 'lb-2', exited), kill, false), 2)
  const restart = [event(1, 0, 'launcher', operation('role.restart', { role: 'lb-2' }))]
  const stopped = effect(1, 'lb-2', bgpDown('uplink', 'local'))
  t.equal(cause(stopped, [...restart, event(2, 3, 'lb-2', exited)], false), 1, 'it has ended its session itself')
})

t.test('a route that a session does not explain has changed since the LB has announced or withdrawn it', async (t) => {
  const log = [
    event(1, 0, 'lb-1', { kind: 'vip.withdrawn', address }),
    event(2, 0, 'lb-2', { kind: 'vip.withdrawn', address: '127.20.10.2' }),
    event(3, 0, 'lb-3', { kind: 'vip.announced', address }),
  ]
  t.equal(cause(effect(1, 'uplink', changed(['lb-1', 'lb-2'], ['lb-2'])), log), 1)
  t.equal(cause(effect(1, 'uplink', changed(['lb-1', 'lb-2'], ['lb-1'])), log), undefined, 'another VIP')
  t.equal(cause(effect(1, 'uplink', changed(['lb-2'], ['lb-2', 'lb-3'])), log), 3)
  const flapping = [event(1, 0, 'lb-1', fault('f1', 'route-flap', 'lb-1'))]
  const gone = effect(1, 'uplink', changed(['lb-1', 'lb-2'], ['lb-2']))
  t.equal(cause(gone, flapping, false), undefined, 'the LB may still report why')
  t.equal(cause(gone, flapping), 1, 'else the fault explains it')
})

t.test('a drain is of the LB whose next hop begins or ends to drain', async (t) => {
  const drained = (...draining: string[]): Happening => ({
    kind: 'route.drained',
    prefixes: [],
    prefixCount: 0,
    draining,
  })
  const log = [
    event(1, 0, 'lb-3', { kind: 'drain.started', of: 'lb-3', sessions: 2 }),
    event(2, 5, 'lb-2', { kind: 'drain.ended', of: 'lb-2', sessions: 2 }),
  ]
  t.equal(cause(effect(6, 'uplink', drained('lb-3')), log), 2)
  t.equal(cause(effect(6, 'uplink', drained('lb-3')), log.slice(0, 1)), 1)
  t.equal(cause(effect(6, 'uplink', drained()), log.slice(0, 1)), undefined)
  t.equal(
    cause(effect(1, 'lb-3', log[0] as Happening), [event(9, 0, 'launcher', operation('lb.drain', { lb: 'lb-3' }))]),
    9,
  )
})

t.test('resets are caused by the newest change of routes that has sent flows to the LB', async (t) => {
  const log = [
    event(1, 0, 'uplink', changed(['lb-1', 'lb-2', 'lb-3'], ['lb-1', 'lb-3'])),
    event(2, 1, 'uplink', { kind: 'flows.rehashed', flows: 3, moves: [{ from: 'lb-2', to: 'lb-1', flows: 3 }] }),
  ]
  const reset: Happening = { kind: 'flows.unknown', flows: 3 }
  t.equal(cause(effect(12, 'lb-1', reset), log), 2)
  t.equal(cause(effect(12, 'lb-3', reset), log), 1)
  t.equal(cause(effect(12, 'lb-2', reset), log), undefined)
})

t.test('the health of a backend follows from its process and its faults', async (t) => {
  const health = (kind: 'backend.healthy' | 'backend.unhealthy'): Happening => ({
    kind,
    service: 'web',
    backend: 'backend-1',
    reason: '',
  })
  const log = [event(1, 0, 'backend-1', exited), event(2, 5, 'backend-2', exited), event(3, 500, 'backend-1', started)]
  t.equal(cause(effect(20, 'lb-1', health('backend.unhealthy')), log.slice(0, 2)), 1)
  t.equal(cause(effect(900, 'lb-1', health('backend.healthy')), log), 3)
})

t.test('events of one fault belong together, whatever the time between them', async (t) => {
  const log = [
    event(1, 0, 'lb-1', fault('f1', 'paused', 'lb-1')),
    event(2, 1, 'lb-1', fault('f2', 'link-down', 'lb-1')),
  ]
  const ended = { ...fault('f1', 'paused', 'lb-1'), kind: 'fault.ended' } as Happening
  t.equal(cause(effect(86_400_000, 'lb-1', ended), log), 1)
})
