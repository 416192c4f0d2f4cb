/** The states of RFC 4271 §8.2.2. */
export const SessionState = {
  IDLE: 0,
  CONNECT: 1,
  ACTIVE: 2,
  OPEN_SENT: 3,
  OPEN_CONFIRM: 4,
  ESTABLISHED: 5,
} as const
export type SessionState = (typeof SessionState)[keyof typeof SessionState]

export const SESSION_STATE_NAMES = ['idle', 'connect', 'active', 'open-sent', 'open-confirm', 'established'] as const

/** What moves a session; the comments give the event numbers of RFC 4271 §8.1. */
export const SessionEvent = {
  /** 1, 3: start by dialling */
  START: 0,
  /** 4, 5: start by waiting for the peer */
  START_PASSIVE: 1,
  /** 2, 8 */
  STOP: 2,
  /** 9 */
  RETRY_EXPIRED: 3,
  /** 10 */
  HOLD_EXPIRED: 4,
  /** 11 */
  KEEPALIVE_EXPIRED: 5,
  /** 16, 17 */
  CONNECTED: 6,
  /** 18 */
  TRANSPORT_LOST: 7,
  /** 19 */
  OPEN: 8,
  /** 21, 22, 28: a message that is wrong in itself */
  MESSAGE_ERROR: 9,
  /** 23 */
  COLLISION: 10,
  /** 24, 25 */
  NOTIFICATION: 11,
  /** 26 */
  KEEPALIVE: 12,
  /** 27 */
  UPDATE: 13,
} as const
export type SessionEvent = (typeof SessionEvent)[keyof typeof SessionEvent]

export const SESSION_EVENT_NAMES = Object.keys(SessionEvent) as readonly (keyof typeof SessionEvent)[]

const { IDLE, CONNECT, ACTIVE, OPEN_SENT, OPEN_CONFIRM, ESTABLISHED } = SessionState

/**
 * `TRANSITIONS[state][event]` is the next state, for every event in every state. Where a message comes in a state that
 * does not expect it, the next state is IDLE and the session says so to the peer (RFC 6608).
 *
 * One deviation: RFC 4271 waits in OPEN_SENT's TRANSPORT_LOST for the peer to dial; so do we, and dial ourselves when the
 * retry timer expires.
 */
export const TRANSITIONS: readonly (readonly SessionState[])[] = [
  /* IDLE */ [CONNECT, ACTIVE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE],
  /* CONNECT */ [CONNECT, CONNECT, IDLE, CONNECT, IDLE, IDLE, OPEN_SENT, ACTIVE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE],
  /* ACTIVE */ [ACTIVE, ACTIVE, IDLE, CONNECT, IDLE, IDLE, OPEN_SENT, ACTIVE, IDLE, IDLE, IDLE, IDLE, IDLE, IDLE],
  /* OPEN_SENT */ [
    OPEN_SENT,
    OPEN_SENT,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    ACTIVE,
    OPEN_CONFIRM,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
  ],
  /* OPEN_CONFIRM */ [
    OPEN_CONFIRM,
    OPEN_CONFIRM,
    IDLE,
    IDLE,
    IDLE,
    OPEN_CONFIRM,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    ESTABLISHED,
    IDLE,
  ],
  /* ESTABLISHED */ [
    ESTABLISHED,
    ESTABLISHED,
    IDLE,
    IDLE,
    IDLE,
    ESTABLISHED,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    IDLE,
    ESTABLISHED,
    ESTABLISHED,
  ],
]
