/** Report of an LB about a flow. */
export const SessionEvent = {
  /** A session that is open. */
  OPEN: 0,
  /** Both ends have sent FIN. */
  CLOSED: 1,
  RESET_BY_CLIENT: 2,
  RESET_BY_BACKEND: 3,
  /** The backend has refused the SYN, and no other one was tried. */
  REFUSED_BY_BACKEND: 4,
  /** Idle for longer than its timeout. */
  EXPIRED: 5,
  /** Removed to make room for another one. */
  EVICTED: 6,
  /** The downlink's machine had no socket or source port for it. */
  NO_SOCKET: 7,
  /** A UDP flow that has another session now, or a TCP flow whose client has begun anew. */
  REPLACED: 8,
  /** No session: the first packet was refused. {@link SessionRow} names the cause. */
  TURNED_AWAY: 9,
  /** No session: a packet of a flow that this LB does not know, responded to with RST. */
  UNKNOWN: 10,
} as const
export type SessionEvent = (typeof SessionEvent)[keyof typeof SessionEvent]

/** Events about flows without a session. */
export function hasSession(event: SessionEvent): boolean {
  return event !== SessionEvent.TURNED_AWAY && event !== SessionEvent.UNKNOWN
}

/**
 * A session, or the refusal of a flow, as it travels from an LB to the collector. A later row of
 * the same session replaces an earlier one. Times are ms on the clock of the sender.
 */
export type SessionRow = readonly [
  event: SessionEvent,
  protocol: number,
  client: number,
  clientPort: number,
  vip: number,
  vipPort: number,
  /** Beginning of the session, or time of the refusal. */
  openedAt: number,
  /** 0: it has not ended. */
  endedAt: number,
  /** Source port towards the backend; 0: none. */
  natPort: number,
  backendAddress: number,
  backendPort: number,
  /** Cause of a refusal, as the LB counts it; '': none. */
  cause: string,
]

const ROW_LENGTH = 12

/** Returns a message of another process as a row; undefined if it is none. */
export function asSessionRow(value: unknown): SessionRow | undefined {
  if (!Array.isArray(value) || value.length !== ROW_LENGTH) return undefined
  for (let i = 0; i < ROW_LENGTH - 1; i++) if (typeof value[i] !== 'number') return undefined
  return typeof value[ROW_LENGTH - 1] === 'string' ? (value as unknown as SessionRow) : undefined
}
