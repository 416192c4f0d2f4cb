import {
  SACK_PERMITTED_BYTES,
  SYN_OPTIONS_BYTES,
  sackOptionBytes,
  TCP_HEADER_BYTES,
  TcpFlag,
  writeSackOption,
  writeSackPermitted,
  writeSynOptions,
  writeTcpHeader,
} from '@fivetuple/packet'
import { finWasSent } from './control.js'
import type { SegmentOutput } from './segment-output.js'
import { seqAdd } from './sequence.js'
import { TcpState } from './state.js'
import type { Tcb } from './tcb.js'

const { FIN, SYN, RST, PSH, ACK } = TcpFlag
/**
 * Smallest payload that is sent from where it lies, if the output supports it: below this, a copy
 * costs less than one more piece.
 */
const IN_PLACE_MIN_BYTES = 4 * 1024

/** True if {@link transmit} has something to write. */
export function wantsTransmit(tcb: Tcb): boolean {
  const { sender } = tcb
  return (
    tcb.receiver.ackNow ||
    (maySendData(tcb) && (sender.sendable() > 0 || sender.isFinDue)) ||
    sender.hasResend ||
    tcb.synPending ||
    tcb.rstPending ||
    tcb.probePending ||
    tcb.bareReset?.isPending === true
  )
}

/** True if all that {@link transmit} would write is a keep-alive probe, or the response to one. */
export function isOnlyKeepAlive(tcb: Tcb): boolean {
  if (!tcb.probePending && !tcb.respondsToProbe) return false
  const { queued, hasResend, isFinDue } = tcb.sender // if bytes are queued, a zero window is probed
  const hasMore = queued > 0 || hasResend || isFinDue || tcb.synPending || tcb.rstPending
  return !hasMore && (!tcb.receiver.ackNow || tcb.respondsToProbe)
}

/**
 * Writes all that may be sent now.
 * @returns false if the output refused a segment: it stays queued, and {@link wantsTransmit} stays
 * true
 */
export function transmit(tcb: Tcb, out: SegmentOutput, now: number): boolean {
  tcb.respondsToProbe = false
  if (tcb.bareReset?.write(out, tcb.localPort, tcb.remotePort) === false) return false
  if (tcb.state < TcpState.ESTABLISHED) return transmitUnsynchronized(tcb, out, now)
  const data = transmitData(tcb, out, now)
  if (tcb.probePending) {
    // One number before the next is outside the window, so the peer must acknowledge it
    // (RFC 9293 §3.8.4).
    if (!writeControl(tcb, out, ACK, seqAdd(tcb.sender.next, -1))) return false
    tcb.probePending = false
  }
  // The output may refuse data and take an ACK: the other direction must not stall.
  if (tcb.receiver.ackNow && !writeAck(tcb, out)) return false
  return data
}

/**
 * True if data and FIN may be sent: in all other states the SYN is not acknowledged or the FIN has
 * been sent.
 */
function maySendData({ state }: Tcb): boolean {
  return state === TcpState.ESTABLISHED || state === TcpState.CLOSE_WAIT
}

function transmitUnsynchronized(tcb: Tcb, out: SegmentOutput, now: number): boolean {
  if (tcb.rstPending) {
    if (!writeControl(tcb, out, RST | ACK, tcb.sender.next)) return false
    tcb.rstPending = false
  }
  if (tcb.synPending && !writeSyn(tcb, out, now)) return false
  return !tcb.receiver.ackNow || writeControl(tcb, out, ACK, tcb.sender.next)
}

function transmitData(tcb: Tcb, out: SegmentOutput, now: number): boolean {
  const { sender } = tcb
  while (sender.hasResend) if (!writeAgain(tcb, out, now)) return false
  if (!maySendData(tcb)) return true
  for (let length = sender.sendable(); length > 0; length = sender.sendable()) {
    if (!writeData(tcb, out, length, now)) return false
  }
  return !sender.isFinDue || writeFin(tcb, out, now)
}

function writeData(tcb: Tcb, out: SegmentOutput, length: number, now: number): boolean {
  const { sender } = tcb
  const inPlace = length >= IN_PLACE_MIN_BYTES && out.reserveHeader ? sender.nextInPlace(length) : undefined
  const at =
    inPlace === undefined
      ? out.reserve(TCP_HEADER_BYTES + length, false)
      : out.reserveHeader!(TCP_HEADER_BYTES, inPlace, sender.nextOffset, sender.nextOffset + length)
  if (at < 0) return false
  const isLast = sender.isLast(length)
  const fin = isLast && sender.finQueued
  writeHeader(tcb, out.buffer, at, sender.next, ACK | (isLast ? PSH : 0) | (fin ? FIN : 0))
  if (inPlace === undefined) sender.copyNext(out.buffer, at + TCP_HEADER_BYTES, length, now)
  else sender.skipNext(length, now)
  if (fin) finWasSent(tcb, now)
  return true
}

function writeFin(tcb: Tcb, out: SegmentOutput, now: number): boolean {
  if (!writeControl(tcb, out, ACK | FIN, tcb.sender.next)) return false
  finWasSent(tcb, now)
  return true
}

/** Retransmits the segment that the sender selects. */
function writeAgain(tcb: Tcb, out: SegmentOutput, now: number): boolean {
  const { sender } = tcb
  sender.selectResend()
  const { resendLength, resendSequence, resendsFin } = sender
  const at = out.reserve(TCP_HEADER_BYTES + resendLength, resendLength === 0)
  if (at < 0) return false
  writeHeader(tcb, out.buffer, at, resendSequence, ACK | PSH | (resendsFin ? FIN : 0))
  sender.copyAgain(out.buffer, at + TCP_HEADER_BYTES, now)
  return true
}

/** Writes an ACK without data, with a SACK option if there is anything to report in one. */
function writeAck(tcb: Tcb, out: SegmentOutput): boolean {
  const { receiver } = tcb
  if (!receiver.hasSackNews) return writeControl(tcb, out, ACK, tcb.sender.next)
  const edges = receiver.sackEdges()
  const headerLength = TCP_HEADER_BYTES + sackOptionBytes(edges.length / 2)
  const at = out.reserve(headerLength, true)
  if (at < 0) return false
  receiver.sackWasSent()
  writeHeader(tcb, out.buffer, at, tcb.sender.next, ACK, headerLength)
  writeSackOption(out.buffer, at + TCP_HEADER_BYTES, edges)
  return true
}

function writeSyn(tcb: Tcb, out: SegmentOutput, now: number): boolean {
  const { sender, receiver, localPort, remotePort } = tcb
  const isSynAck = tcb.state === TcpState.SYN_RECEIVED
  // RFC 2018 §2: a SYN-ACK permits SACK only if the SYN has.
  const permitsSack = isSynAck ? sender.usesSack : tcb.options.sack
  const headerLength = TCP_HEADER_BYTES + SYN_OPTIONS_BYTES + (permitsSack ? SACK_PERMITTED_BYTES : 0)
  const at = out.reserve(headerLength, true)
  if (at < 0) return false
  tcb.synPending = false
  const ack = isSynAck ? receiver.next : 0
  const flags = isSynAck ? SYN | ACK : SYN
  const window = receiver.synWindow()
  writeTcpHeader(out.buffer, at, localPort, remotePort, sender.una, ack, headerLength, flags, window)
  writeSynOptions(out.buffer, at + TCP_HEADER_BYTES, tcb.options.mss, receiver.shift)
  if (permitsSack) writeSackPermitted(out.buffer, at + TCP_HEADER_BYTES + SYN_OPTIONS_BYTES)
  sender.synSent(now)
  return true
}

function writeControl(tcb: Tcb, out: SegmentOutput, flags: number, seq: number): boolean {
  const at = out.reserve(TCP_HEADER_BYTES, true)
  if (at < 0) return false
  writeHeader(tcb, out.buffer, at, seq, flags)
  return true
}

/**
 * Writes a header with the current ACK and window. A pending ACK is thereby sent, unless it has to
 * carry a SACK option: segments with data have none.
 */
function writeHeader(
  tcb: Tcb,
  b: Uint8Array,
  at: number,
  seq: number,
  flags: number,
  headerLength = TCP_HEADER_BYTES,
): void {
  const { receiver } = tcb
  const window = receiver.windowField()
  writeTcpHeader(b, at, tcb.localPort, tcb.remotePort, seq, receiver.next, headerLength, flags, window)
}
