import { TcpFlag } from '@fivetuple/packet'

/** State of a NAT session; for TCP as seen between its two ends. */
export const SessionState = {
  /** The client's SYN went by. */
  SYN_SEEN: 0,
  /** The backend's SYN-ACK went by. */
  SYN_ACK_SEEN: 1,
  ESTABLISHED: 2,
  /** One end has sent its FIN. */
  CLIENT_FIN: 3,
  BACKEND_FIN: 4,
  /** Both have; the later FIN waits for its ACK. */
  BOTH_FIN: 5,
  /**
   * Something followed both FINs: their ACK, as a rule. The session stays for a while, for what is
   * sent again.
   */
  CLOSED: 6,
  /**
   * Either end has sent RST. The session translates a little longer, for what is still on its way.
   */
  RESET: 7,
  /** A UDP flow. */
  UDP: 8,
  /**
   * A UDP flow's former session: the flow has another backend. It translates what the former one
   * still sends.
   */
  UDP_MOVED: 9,
} as const

export type SessionState = (typeof SessionState)[keyof typeof SessionState]

/** Names for people, by state. */
export const SESSION_STATE_NAMES = [
  'syn-seen',
  'syn-ack-seen',
  'established',
  'client-fin',
  'backend-fin',
  'both-fin',
  'closed',
  'reset',
  'udp',
  'udp-moved',
] as const

export type SessionStateName = (typeof SESSION_STATE_NAMES)[number]

/** Idle timeout of a state; the index of its expiry list. */
export const TimeoutClass = { SYN: 0, ESTABLISHED: 1, CLOSING: 2, CLOSED: 3, UDP: 4 } as const

/** By state. */
export const TIMEOUT_CLASS_OF: readonly number[] = [
  TimeoutClass.SYN,
  TimeoutClass.SYN,
  TimeoutClass.ESTABLISHED,
  TimeoutClass.CLOSING,
  TimeoutClass.CLOSING,
  TimeoutClass.CLOSING,
  TimeoutClass.CLOSED,
  TimeoutClass.CLOSED,
  TimeoutClass.UDP,
  TimeoutClass.CLOSED,
]

/**
 * By state: whether a SYN from the client begins a new session in the old one's place. Clients use
 * their ports again as soon as they may (RFC 6191 §2); before both ends are done, a SYN is the old
 * one sent again, or the backend's to judge (RFC 5961 §4).
 */
export const IS_OVER: readonly boolean[] = [false, false, false, false, false, true, true, true, false, true]

/** Effect of a segment on a session. */
export const SegmentKind = { SYN: 0, SYN_ACK: 1, FIN: 2, RST: 3, OTHER: 4 } as const

/**
 * Classifies a segment by its flags. RST beats SYN beats FIN, as the receiver takes them (RFC 9293
 * §3.10.7).
 */
export function segmentKind(flags: number): number {
  if (flags & TcpFlag.RST) return SegmentKind.RST
  if (flags & TcpFlag.SYN) return flags & TcpFlag.ACK ? SegmentKind.SYN_ACK : SegmentKind.SYN
  if (flags & TcpFlag.FIN) return SegmentKind.FIN
  return SegmentKind.OTHER
}

const { SYN_SEEN, SYN_ACK_SEEN, ESTABLISHED, CLIENT_FIN, BACKEND_FIN, BOTH_FIN, CLOSED, RESET, UDP, UDP_MOVED } =
  SessionState

/**
 * `FROM_CLIENT[state][kind]`: the state after a segment from the client. A FIN before the backend
 * has spoken changes nothing: no real client sends one (RFC 9293 §3.10.4), and it would free a
 * flood from the limit on half-open sessions.
 */
export const FROM_CLIENT: readonly (readonly SessionState[])[] = [
  //                 SYN           SYN_ACK       FIN         RST    OTHER
  /* SYN_SEEN     */ [SYN_SEEN, SYN_SEEN, SYN_SEEN, RESET, SYN_SEEN],
  /* SYN_ACK_SEEN */ [SYN_ACK_SEEN, SYN_ACK_SEEN, CLIENT_FIN, RESET, ESTABLISHED],
  /* ESTABLISHED  */ [ESTABLISHED, ESTABLISHED, CLIENT_FIN, RESET, ESTABLISHED],
  /* CLIENT_FIN   */ [CLIENT_FIN, CLIENT_FIN, CLIENT_FIN, RESET, CLIENT_FIN],
  /* BACKEND_FIN  */ [BACKEND_FIN, BACKEND_FIN, BOTH_FIN, RESET, BACKEND_FIN],
  /* BOTH_FIN     */ [BOTH_FIN, BOTH_FIN, BOTH_FIN, RESET, CLOSED],
  /* CLOSED       */ [CLOSED, CLOSED, BOTH_FIN, RESET, CLOSED],
  /* RESET        */ [RESET, RESET, RESET, RESET, RESET],
  /* UDP          */ [UDP, UDP, UDP, UDP, UDP],
  /* UDP_MOVED    */ [UDP_MOVED, UDP_MOVED, UDP_MOVED, UDP_MOVED, UDP_MOVED],
]

/** `FROM_BACKEND[state][kind]`: the state after a segment from the backend. */
export const FROM_BACKEND: readonly (readonly SessionState[])[] = [
  //                 SYN           SYN_ACK       FIN          RST    OTHER
  /* SYN_SEEN     */ [SYN_SEEN, SYN_ACK_SEEN, SYN_SEEN, RESET, SYN_SEEN],
  /* SYN_ACK_SEEN */ [SYN_ACK_SEEN, SYN_ACK_SEEN, BACKEND_FIN, RESET, SYN_ACK_SEEN],
  /* ESTABLISHED  */ [ESTABLISHED, ESTABLISHED, BACKEND_FIN, RESET, ESTABLISHED],
  /* CLIENT_FIN   */ [CLIENT_FIN, CLIENT_FIN, BOTH_FIN, RESET, CLIENT_FIN],
  /* BACKEND_FIN  */ [BACKEND_FIN, BACKEND_FIN, BACKEND_FIN, RESET, BACKEND_FIN],
  /* BOTH_FIN     */ [BOTH_FIN, BOTH_FIN, BOTH_FIN, RESET, CLOSED],
  /* CLOSED       */ [CLOSED, CLOSED, BOTH_FIN, RESET, CLOSED],
  /* RESET        */ [RESET, RESET, RESET, RESET, RESET],
  /* UDP          */ [UDP, UDP, UDP, UDP, UDP],
  /* UDP_MOVED    */ [UDP_MOVED, UDP_MOVED, UDP_MOVED, UDP_MOVED, UDP_MOVED],
]
