import { TcpFlag } from '@fivetuple/packet'
import { TcpState } from './state.js'

const { SYN, RST, ACK } = TcpFlag
const { SYN_SENT, SYN_RECEIVED } = TcpState

/** Action that a segment requires. */
export const SegmentVerdict = {
  /** Nothing. */
  DROP: 0,
  /** At least partly within the window: process its ACK, data and FIN. */
  ACCEPT: 1,
  /** Acknowledges our SYN: the connection is established. Process the rest of the segment. */
  ESTABLISH: 2,
  /** Entirely before the window: acknowledge it, process only its ACK field. */
  OLD: 3,
  /** Entirely behind the window: acknowledge it, process nothing of it. */
  BEYOND: 4,
  /** Drop it, and send an ACK with our current numbers, at a limited rate (RFC 5961). */
  CHALLENGE: 5,
  /** Our SYN-ACK was lost: send it again. */
  REPEAT_SYN_ACK: 6,
  /** Send a RST whose sequence number is the segment's ACK number. */
  SEND_RESET: 7,
  /** The peer has reset the connection. */
  RESET: 8,
  /** The peer has refused our SYN. */
  REFUSED: 9,
} as const

export type SegmentVerdict = (typeof SegmentVerdict)[keyof typeof SegmentVerdict]

/** Variables of a connection that decide about a segment (RFC 9293 §3.3.1). */
export interface AcceptanceState {
  readonly state: TcpState
  /** RCV.WND as the peer knows it, bytes. */
  readonly receiveWindow: number
  /** SND.NXT − SND.UNA: numbers sent and not acknowledged. */
  readonly inFlight: number
  /** MAX.SND.WND (RFC 5961 §5.2): the largest window that the peer has offered, bytes. */
  readonly largestSendWindow: number
}

/**
 * Decides about a segment that arrives (RFC 9293 §3.10.7). Pure. All numbers are distances, so the
 * decision does not depend on the position in the sequence space.
 *
 * @param flags of the TCP header
 * @param ahead SEG.SEQ − RCV.NXT; without meaning in SYN-SENT
 * @param length SEG.LEN: bytes of payload, and one for a FIN
 * @param acked SEG.ACK − SND.UNA; without meaning if there is no ACK flag
 */
export function segmentVerdict(
  tcb: AcceptanceState,
  flags: number,
  ahead: number,
  length: number,
  acked: number,
): SegmentVerdict {
  const { state } = tcb
  if (state < SYN_RECEIVED) return state === SYN_SENT ? verdictInSynSent(tcb, flags, acked) : SegmentVerdict.DROP
  // RFC 9293 §3.10.7.4, second to fourth check.
  if ((flags & (RST | SYN | ACK)) !== ACK) return verdictWithoutPlainAck(tcb, flags, ahead)
  // First check: the sequence number. It follows the others because RST and SYN have rules of their
  // own (RFC 5961).
  const isAcceptable = ahead <= 0 ? ahead + length > 0 || (ahead | length) === 0 : ahead < tcb.receiveWindow
  const { inFlight } = tcb
  if (state === SYN_RECEIVED) {
    if (!isAcceptable) return SegmentVerdict.CHALLENGE
    // Fifth check in SYN-RECEIVED: a segment that does not acknowledge our SYN is answered by a
    // RST.
    return acked === inFlight && inFlight !== 0 ? SegmentVerdict.ESTABLISH : SegmentVerdict.SEND_RESET
  }
  // Fifth check: the ACK is neither beyond SND.NXT nor too old (RFC 5961 §5.2).
  if (acked > inFlight || acked < -tcb.largestSendWindow) return SegmentVerdict.CHALLENGE
  if (isAcceptable) return SegmentVerdict.ACCEPT
  return ahead > 0 ? SegmentVerdict.BEYOND : SegmentVerdict.OLD
}

/** RFC 9293 §3.10.7.3. */
function verdictInSynSent({ inFlight }: AcceptanceState, flags: number, acked: number): SegmentVerdict {
  const acksSyn = acked === inFlight && inFlight !== 0
  if (flags & RST) return flags & ACK && acksSyn ? SegmentVerdict.REFUSED : SegmentVerdict.DROP
  if ((flags & ACK) === 0) return SegmentVerdict.DROP // a deviation: no simultaneous open (MUST-10)
  if (!acksSyn) return SegmentVerdict.SEND_RESET // ends a half-open connection of the peer
  return flags & SYN ? SegmentVerdict.ESTABLISH : SegmentVerdict.DROP
}

/** Segments with RST or SYN, or without ACK. */
function verdictWithoutPlainAck(tcb: AcceptanceState, flags: number, ahead: number): SegmentVerdict {
  if (flags & RST) {
    // RFC 5961 §3.2: a RST resets only at exactly RCV.NXT; a RST elsewhere in the window is
    // challenged.
    if (ahead === 0) return SegmentVerdict.RESET
    return ahead > 0 && ahead < tcb.receiveWindow ? SegmentVerdict.CHALLENGE : SegmentVerdict.DROP
  }
  if (flags & SYN) {
    const isRepeated = tcb.state === SYN_RECEIVED && ahead === -1 && (flags & ACK) === 0
    return isRepeated ? SegmentVerdict.REPEAT_SYN_ACK : SegmentVerdict.CHALLENGE // RFC 5961 §4.2
  }
  return SegmentVerdict.DROP // fifth check: no ACK
}
