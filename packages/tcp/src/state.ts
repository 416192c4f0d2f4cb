/**
 * States of RFC 9293 §3.3.2. LISTEN is missing: the owner of the endpoints listens, and creates one
 * per SYN.
 */
export const TcpState = {
  CLOSED: 0,
  SYN_SENT: 1,
  SYN_RECEIVED: 2,
  ESTABLISHED: 3,
  FIN_WAIT_1: 4,
  FIN_WAIT_2: 5,
  CLOSE_WAIT: 6,
  CLOSING: 7,
  LAST_ACK: 8,
  TIME_WAIT: 9,
} as const

export type TcpState = (typeof TcpState)[keyof typeof TcpState]

/** Names for display, indexed by state. */
export const TCP_STATE_NAMES = Object.keys(TcpState) as readonly (keyof typeof TcpState)[]

/** Inputs that move an endpoint from state to state. */
export const TcpInput = {
  /** Our SYN is sent. */
  CONNECT: 0,
  /** A SYN was received. */
  SYN: 1,
  /** Our SYN is acknowledged (in SYN_SENT: by a SYN-ACK). */
  SYN_ACKED: 2,
  /** Our FIN is sent. */
  FIN_SENT: 3,
  /** Our FIN is acknowledged. */
  FIN_ACKED: 4,
  /** The peer's FIN was received, and everything before it. */
  FIN: 5,
  /** RST from either end, or a timeout. */
  ABORT: 6,
  /** TIME_WAIT is over. */
  TIME_WAIT_OVER: 7,
} as const

export type TcpInput = (typeof TcpInput)[keyof typeof TcpInput]

const {
  CLOSED,
  SYN_SENT,
  SYN_RECEIVED,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  CLOSE_WAIT,
  CLOSING,
  LAST_ACK,
  TIME_WAIT,
} = TcpState

/** Marker of an input that can't happen in a state. */
export const NO_TRANSITION = -1
const NO = NO_TRANSITION

/** Diagram of RFC 9293 figure 5 as a total table: `TRANSITIONS[state][input]` is the next state. */
export const TRANSITIONS: readonly (readonly number[])[] = [
  // Columns: CONNECT, SYN, SYN_ACKED, FIN_SENT, FIN_ACKED, FIN, ABORT, TIME_WAIT_OVER.
  /* CLOSED       */ [SYN_SENT, SYN_RECEIVED, NO, NO, NO, NO, CLOSED, NO],
  /* SYN_SENT     */ [NO, NO, ESTABLISHED, NO, NO, NO, CLOSED, NO],
  /* SYN_RECEIVED */ [NO, NO, ESTABLISHED, NO, NO, NO, CLOSED, NO],
  /* ESTABLISHED  */ [NO, NO, NO, FIN_WAIT_1, NO, CLOSE_WAIT, CLOSED, NO],
  /* FIN_WAIT_1   */ [NO, NO, NO, NO, FIN_WAIT_2, CLOSING, CLOSED, NO],
  /* FIN_WAIT_2   */ [NO, NO, NO, NO, NO, TIME_WAIT, CLOSED, NO],
  /* CLOSE_WAIT   */ [NO, NO, NO, LAST_ACK, NO, NO, CLOSED, NO],
  /* CLOSING      */ [NO, NO, NO, NO, TIME_WAIT, NO, CLOSED, NO],
  /* LAST_ACK     */ [NO, NO, NO, NO, CLOSED, NO, CLOSED, NO],
  /* TIME_WAIT    */ [NO, NO, NO, NO, NO, NO, CLOSED, CLOSED],
]
