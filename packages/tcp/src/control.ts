import { hasSackPermitted, readSynOptions, readU16, readU32, tcpDataOffset } from '@fivetuple/packet'
import { TcpEvent } from './events.js'
import { TcpInput, TcpState } from './state.js'
import type { Tcb } from './tcb.js'

const NEVER = Number.POSITIVE_INFINITY

// SYN, FIN and RST: opening and closing a connection. Times in ms.

/** Opens actively (RFC 9293 §3.10.1): a SYN becomes pending. */
export function openActively(tcb: Tcb, now: number): void {
  tcb.move(TcpInput.CONNECT)
  tcb.synPending = true
  tcb.keepAlive.start(now)
}

/**
 * Processes the SYN whose TCP header is at `b[o]` (RFC 9293 §3.10.7.2). The SYN waits for
 * {@link establish} or {@link abort}.
 */
export function openPassively(tcb: Tcb, b: Uint8Array, o: number, end: number, now: number): void {
  tcb.move(TcpInput.SYN)
  tcb.isDeferred = true
  tcb.overAt = now + tcb.options.userTimeoutMs
  takeSyn(tcb, b, o)
  const data = o + tcpDataOffset(b, o)
  if (data < end) tcb.receiver.keepEarlyData(b, data, end)
}

/**
 * Responds to the waiting SYN with SYN-ACK. Without effect if the peer has closed in the meantime.
 */
export function establish(tcb: Tcb, now: number): void {
  if (!tcb.isDeferred || tcb.state !== TcpState.SYN_RECEIVED) return
  tcb.isDeferred = false
  tcb.overAt = NEVER
  tcb.synPending = true
  tcb.keepAlive.start(now)
}

/**
 * Processes the SYN-ACK whose TCP header is at `b[o]`, with any data (RFC 9293 §3.10.7.3, fourth
 * step).
 */
export function takeSynAck(tcb: Tcb, b: Uint8Array, o: number, end: number, now: number): void {
  const { receiver } = tcb
  tcb.keepAlive.heard(now)
  takeSyn(tcb, b, o)
  synAcked(tcb, now)
  receiver.ackNow = true
  const payload = o + tcpDataOffset(b, o)
  if (payload < end) {
    receiver.keepEarlyData(b, payload, end)
    receiver.release()
  }
}

/** Processes the ACK of our SYN: both ends are synchronized. */
export function synAcked(tcb: Tcb, now: number): void {
  tcb.synPending = false
  tcb.sender.onSynAck(now)
  tcb.move(TcpInput.SYN_ACKED)
  tcb.events |= TcpEvent.CONNECTED
}

/** Counts our FIN as sent. */
export function finWasSent(tcb: Tcb, now: number): void {
  tcb.sender.finWasSent(now)
  tcb.move(TcpInput.FIN_SENT)
}

/** Processes the ACK of our FIN. */
export function finAcked(tcb: Tcb, now: number): void {
  tcb.move(TcpInput.FIN_ACKED)
  if (tcb.state === TcpState.CLOSED) tcb.die(0)
  else if (tcb.state === TcpState.TIME_WAIT) startTimeWait(tcb, now)
}

/**
 * Processes the peer's FIN after everything before it has been delivered (RFC 9293 §3.10.7.4,
 * eighth step).
 */
export function finArrived(tcb: Tcb, now: number): void {
  tcb.events |= TcpEvent.END
  tcb.move(TcpInput.FIN)
  if (tcb.state === TcpState.TIME_WAIT) startTimeWait(tcb, now)
}

/** Starts TIME-WAIT, or starts it anew. */
export function startTimeWait(tcb: Tcb, now: number): void {
  tcb.keepAlive.stop()
  tcb.overAt = now + tcb.options.timeWaitMs
}

/**
 * Processes an acceptable RST. In TIME-WAIT no event is reported, since both sides had finished.
 */
export function resetArrived(tcb: Tcb): void {
  tcb.die(tcb.state === TcpState.TIME_WAIT ? 0 : TcpEvent.RESET)
}

/**
 * Sends RST and closes the connection (RFC 9293 §3.10.5). A SYN without response is cancelled by a
 * RST as well, which is a deviation: the peer may be an edge that dials a server for this SYN.
 */
export function abort(tcb: Tcb, events: number): void {
  const { una, next } = tcb.sender
  const isOpening = tcb.state === TcpState.SYN_SENT
  tcb.rstPending = !isOpening && tcb.state !== TcpState.TIME_WAIT
  tcb.die(events)
  if (isOpening && una !== next) tcb.sendBareReset(next)
}

function takeSyn(tcb: Tcb, b: Uint8Array, o: number): void {
  const { maximumSegmentSize, windowShift } = readSynOptions(b, o)
  tcb.sender.open(maximumSegmentSize, windowShift, readU16(b, o + 14), hasSackPermitted(b, o))
  tcb.receiver.open(readU32(b, o + 4), windowShift !== undefined, tcb.sender.usesSack, tcb.sender.mss)
}
