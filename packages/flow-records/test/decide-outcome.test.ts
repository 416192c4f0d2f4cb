import {
  decideOutcome,
  EdgeEnd,
  type FlowFacts,
  HopFate,
  OUTCOME_NAMES,
  OUTCOMES,
  SessionEvent,
} from '@fivetuple/flow-records'
import t from 'tap'

/** An established TCP flow that has stayed with its LB. */
const TCP: FlowFacts = {
  isTcp: true,
  end: EdgeEnd.CLOSED,
  isEstablished: true,
  fate: HopFate.KEPT,
  hasRoute: true,
  hasResponse: true,
  hasSentSince: true,
  hasHeardSince: true,
  session: SessionEvent.OPEN,
  isUnknownAtHome: false,
  isUnknownElsewhere: false,
  hasLostDownlink: false,
}
const OPENING: FlowFacts = { ...TCP, isEstablished: false, hasResponse: false }
const UDP: FlowFacts = { ...TCP, isTcp: false, end: EdgeEnd.IDLE }
const { CLOSED, RESET, REFUSED, ABORTED, TIMEOUT, NO_ROOM, STOPPED, VANISHED, OPEN } = EdgeEnd
const { KEPT, AWAY, GONE, RETURNED, RESTORED } = HopFate

const TABLE: readonly (readonly [outcome: keyof typeof OUTCOMES, what: string, facts: FlowFacts])[] = [
  ['open', 'it lives', { ...TCP, end: OPEN }],
  ['open', 'it lives and has been rehashed', { ...TCP, end: OPEN, fate: AWAY }],
  ['completed', 'both FINs', TCP],
  ['completed', 'both FINs; the record of its session was lost', { ...TCP, session: undefined }],
  ['survived', 'both FINs after a rehash there and back', { ...TCP, fate: RETURNED }],
  ['survived', 'both FINs after its LB was gone and came back', { ...TCP, fate: RESTORED }],
  ['survived', 'both FINs by another LB, which had its session', { ...TCP, fate: AWAY }],
  ['survived', 'the same, since its LB is gone', { ...TCP, fate: GONE }],

  ['broken-by-rehash', 'RST by another LB', { ...TCP, end: RESET, fate: AWAY, isUnknownElsewhere: true }],
  ['broken-by-rehash', 'the same, reported by the edge alone', { ...TCP, end: RESET, fate: AWAY, session: undefined }],
  ['broken-by-rehash', 'the other LB drops it', { ...TCP, end: TIMEOUT, fate: AWAY }],
  [
    'broken-by-rehash',
    'its client resets it and the RST never reaches the backend',
    { ...TCP, end: ABORTED, fate: AWAY },
  ],
  [
    'broken-by-rehash',
    'RST of another LB comes after the way back',
    { ...TCP, end: RESET, fate: RETURNED, isUnknownElsewhere: true },
  ],
  [
    'broken-by-rehash',
    'its backend has reset it long after',
    { ...TCP, end: RESET, fate: AWAY, session: SessionEvent.RESET_BY_BACKEND },
  ],

  [
    'lost-with-its-lb',
    'RST by a remaining LB; the dead one has reported nothing',
    { ...TCP, end: RESET, fate: GONE, session: undefined },
  ],
  ['lost-with-its-lb', 'RST by a remaining LB', { ...TCP, end: RESET, fate: GONE, isUnknownElsewhere: true }],
  ['lost-with-its-lb', 'no LB remains', { ...TCP, end: TIMEOUT, fate: GONE, hasRoute: false }],
  ['lost-with-its-lb', 'its client has given up first', { ...TCP, end: ABORTED, fate: GONE }],
  [
    'lost-with-its-lb',
    'RST by its LB, which has been restarted',
    { ...TCP, end: RESET, fate: RESTORED, isUnknownAtHome: true },
  ],
  ['lost-with-its-lb', 'its restarted LB drops it', { ...TCP, end: TIMEOUT, fate: RESTORED }],
  [
    'lost-with-its-lb',
    'its LB has restarted within one change of the route',
    { ...TCP, end: RESET, session: undefined, isUnknownAtHome: true },
  ],

  ['lost-with-its-switch', 'the uplink has been stopped', { ...TCP, end: STOPPED }],
  ['lost-with-its-switch', 'the uplink has died', { ...TCP, end: VANISHED }],
  [
    'lost-with-its-switch',
    'the next downlink does not know it',
    { ...TCP, end: RESET, session: SessionEvent.RESET_BY_BACKEND, hasLostDownlink: true },
  ],
  ['lost-with-its-switch', 'no downlink responds', { ...TCP, end: TIMEOUT, hasLostDownlink: true }],

  ['reset-by-backend', 'RST by the backend', { ...TCP, end: RESET, session: SessionEvent.RESET_BY_BACKEND }],
  ['reset-by-backend', 'RST; no report of the LB has come', { ...TCP, end: RESET, session: undefined }],
  [
    'reset-by-backend',
    'RST by the backend after a rehash there and back',
    { ...TCP, end: RESET, fate: RETURNED, session: SessionEvent.RESET_BY_BACKEND },
  ],
  [
    'reset-by-backend',
    'RST by the backend after its link was down',
    { ...TCP, end: RESET, fate: RESTORED, session: SessionEvent.RESET_BY_BACKEND },
  ],
  ['reset-by-client', 'RST by the client', { ...TCP, end: ABORTED, session: SessionEvent.RESET_BY_CLIENT }],
  ['reset-by-client', 'the client gives up before it is established', { ...OPENING, end: ABORTED }],
  ['timed-out', 'silence', { ...TCP, end: TIMEOUT }],
  ['timed-out', 'SYNs without response', { ...OPENING, end: TIMEOUT }],
  [
    'idle-expired',
    'RST, since its session was idle for too long',
    { ...TCP, end: RESET, session: SessionEvent.EXPIRED, isUnknownAtHome: true },
  ],
  [
    'idle-expired',
    'RST, since its session had to make room',
    { ...TCP, end: RESET, session: SessionEvent.EVICTED, isUnknownAtHome: true },
  ],

  ['refused', 'RST in response to the SYN', { ...OPENING, end: REFUSED }],
  ['refused', 'an LB has no backend for it', { ...OPENING, end: REFUSED, session: SessionEvent.TURNED_AWAY }],
  ['refused', 'the edge is full', { ...OPENING, end: NO_ROOM }],
  ['no-route', 'no LB has the VIP', { ...OPENING, end: REFUSED, hasRoute: false }],
  ['no-route', 'no LB has had the VIP for the whole time', { ...OPENING, end: TIMEOUT, hasRoute: false }],

  ['idle-expired', 'UDP with responses', UDP],
  ['timed-out', 'UDP without', { ...UDP, hasResponse: false }],
  ['no-route', 'UDP without a route', { ...UDP, hasResponse: false, hasRoute: false }],
  ['refused', 'UDP that its LB refuses', { ...UDP, hasResponse: false, session: SessionEvent.TURNED_AWAY }],
  ['survived', 'UDP that goes on by another LB', { ...UDP, fate: GONE }],
  ['broken-by-rehash', 'UDP without response by another LB', { ...UDP, fate: AWAY, hasHeardSince: false }],
  ['lost-with-its-lb', 'UDP without response since its LB is gone', { ...UDP, fate: GONE, hasHeardSince: false }],
  [
    'idle-expired',
    'UDP that was idle before the rehash',
    { ...UDP, fate: AWAY, hasSentSince: false, hasHeardSince: false },
  ],
]

t.test('the table of outcomes', async (t) => {
  for (const [outcome, what, facts] of TABLE) t.equal(decideOutcome(facts), outcome, what)
})

t.test('each outcome is in the table', async (t) => {
  const named = new Set(TABLE.map(([outcome]) => outcome))
  t.same(
    OUTCOME_NAMES.filter((name) => !named.has(name)),
    [],
  )
})

t.test('all combinations of facts have an outcome, and only flows that live are open', async (t) => {
  const flags = [true, false]
  const sessions = [undefined, ...Object.values(SessionEvent)]
  let combinations = 0
  for (const end of Object.values(EdgeEnd))
    for (const fate of [KEPT, AWAY, GONE, RETURNED, RESTORED])
      for (const session of sessions)
        for (const isTcp of flags)
          for (const isEstablished of flags)
            for (const bits of Array.from({ length: 128 }, (_, i) => i)) {
              const bit = (n: number): boolean => ((bits >>> n) & 1) === 1
              const outcome = decideOutcome({
                isTcp,
                end,
                isEstablished,
                fate,
                session,
                hasRoute: bit(0),
                hasResponse: bit(1),
                hasSentSince: bit(2),
                hasHeardSince: bit(3),
                isUnknownAtHome: bit(4),
                isUnknownElsewhere: bit(5),
                hasLostDownlink: bit(6),
              })
              combinations++
              if (!Object.hasOwn(OUTCOMES, outcome)) t.fail(`${outcome} is no outcome`)
              if ((outcome === 'open') !== (end === OPEN)) t.fail(`${outcome} with end ${end}`)
              // The classes of predictions depend on the change of the next hop, and on nothing else.
              if (isTcp && isEstablished && (end === RESET || end === TIMEOUT || end === ABORTED)) {
                if (fate === AWAY && outcome !== 'broken-by-rehash') t.fail(`${outcome} after AWAY`)
                if (fate === GONE && outcome !== 'lost-with-its-lb') t.fail(`${outcome} after GONE`)
              }
              if (end === CLOSED && isTcp && outcome !== (fate === KEPT ? 'completed' : 'survived')) t.fail(outcome)
            }
  t.ok(combinations > 10_000, `${combinations} combinations`)
})
