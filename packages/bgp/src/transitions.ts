/** States of RFC 4271 §8.2.2, in the order in which a session passes through them. */
export const SESSION_STATES = ['idle', 'connect', 'active', 'open-sent', 'open-confirm', 'established'] as const
export type SessionState = (typeof SESSION_STATES)[number]

/** Events of a session, with their numbers in RFC 4271 §8.1. */
export const SESSION_EVENTS = {
  /** Start by dialling. */
  start: '1, 3',
  /** Start by waiting for the peer. */
  'start-passive': '4, 5',
  stop: '2, 8',
  'retry-expired': '9',
  'hold-expired': '10',
  'keepalive-expired': '11',
  /** The peer has not read for too long (RFC 9687). */
  'send-hold-expired': '29',
  connected: '16, 17',
  'transport-lost': '18',
  open: '19',
  /** An invalid message. */
  'message-error': '21, 22, 28',
  collision: '23',
  notification: '24, 25',
  keepalive: '26',
  /** UPDATE or ROUTE-REFRESH. */
  update: '27',
} as const
export type SessionEvent = keyof typeof SESSION_EVENTS

/** Next state for every event in every state. */
export type TransitionTable = Readonly<Record<SessionState, Readonly<Record<SessionEvent, SessionState>>>>

/**
 * Transitions of RFC 4271 §8.2.2. A message that the state does not expect leads to idle, and a
 * NOTIFICATION reports that to the peer (RFC 6608).
 *
 * A second connection to the same peer is another session of the same table, so `connected` changes
 * nothing once there is a connection. Deviations: a session that has lost its connection before an
 * OPEN was received (`active`) dials again when the retry timer expires, whether or not its peer
 * has dialled. DelayOpen and peer oscillation damping are missing, but pauses between attempts
 * grow.
 */
export const TRANSITIONS: TransitionTable = {
  idle: row('idle', { start: 'connect', 'start-passive': 'active' }),
  connect: row('idle', {
    start: 'connect',
    'start-passive': 'connect',
    'retry-expired': 'connect',
    connected: 'open-sent',
    'transport-lost': 'active',
  }),
  active: row('idle', {
    start: 'active',
    'start-passive': 'active',
    'retry-expired': 'connect',
    connected: 'open-sent',
    'transport-lost': 'active',
  }),
  'open-sent': row('idle', {
    start: 'open-sent',
    'start-passive': 'open-sent',
    connected: 'open-sent',
    'transport-lost': 'active',
    open: 'open-confirm',
  }),
  'open-confirm': row('idle', {
    start: 'open-confirm',
    'start-passive': 'open-confirm',
    connected: 'open-confirm',
    'keepalive-expired': 'open-confirm',
    keepalive: 'established',
  }),
  established: row('idle', {
    start: 'established',
    'start-passive': 'established',
    connected: 'established',
    'keepalive-expired': 'established',
    keepalive: 'established',
    update: 'established',
  }),
}

/** Returns a total row: `otherwise` for all events that are not named. */
function row(
  otherwise: SessionState,
  named: Partial<Record<SessionEvent, SessionState>>,
): Readonly<Record<SessionEvent, SessionState>> {
  const events = Object.keys(SESSION_EVENTS) as SessionEvent[]
  return Object.fromEntries(events.map((event) => [event, named[event] ?? otherwise])) as Record<
    SessionEvent,
    SessionState
  >
}
