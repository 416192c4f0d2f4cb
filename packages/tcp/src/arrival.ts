import { readU16, readU32, TCP_HEADER_BYTES, TcpFlag, tcpDataOffset } from '@fivetuple/packet'
import { SegmentVerdict, segmentVerdict } from './acceptance.js'
import { finAcked, finArrived, resetArrived, startTimeWait, synAcked, takeSynAck } from './control.js'
import { TcpEvent } from './events.js'
import { respondToKeepAlive } from './liveness.js'
import { seqDiff } from './sequence.js'
import { TcpState } from './state.js'
import type { Tcb } from './tcb.js'

const { FIN } = TcpFlag

/**
 * Processes a segment: TCP header at `b[o]`, payload up to `end` (RFC 9293 §3.10.7). Its header is
 * complete.
 */
export function segmentArrives(tcb: Tcb, b: Uint8Array, o: number, end: number, now: number): void {
  const { sender, receiver } = tcb
  const flags = b[o + 13]!
  const payload = o + tcpDataOffset(b, o)
  const length = end - payload + (flags & FIN ? 1 : 0)
  const ahead = seqDiff(readU32(b, o + 4), receiver.next)
  const ack = readU32(b, o + 8) | 0
  switch (segmentVerdict(tcb, flags, ahead, length, seqDiff(ack, sender.una))) {
    case SegmentVerdict.ACCEPT: {
      tcb.keepAlive.heard(now)
      if (payload - o > TCP_HEADER_BYTES && sender.usesSack) sender.readSack(b, o, ack)
      takeAck(tcb, ack, readU16(b, o + 14), length === 0, now)
      if (length > 0) takeData(tcb, b, payload, end, ahead, flags, now)
      return
    }
    case SegmentVerdict.ESTABLISH: {
      if (tcb.state === TcpState.SYN_SENT) {
        takeSynAck(tcb, b, o, end, now)
        return
      }
      synAcked(tcb, now)
      tcb.keepAlive.heard(now)
      takeAck(tcb, ack, readU16(b, o + 14), length === 0, now)
      if (length > 0) takeData(tcb, b, payload, end, ahead, flags, now)
      receiver.release() // data that came with the SYN, unless this segment carries it again
      return
    }
    case SegmentVerdict.OLD: {
      takeOutOfWindow(tcb, flags, ahead, length, now)
      if (end > payload) receiver.duplicateArrived(ahead, end - payload)
      if (payload - o > TCP_HEADER_BYTES && sender.usesSack) sender.readSack(b, o, ack)
      takeAck(tcb, ack, readU16(b, o + 14), false, now) // the ACK field may be newer than the data
      return
    }
    case SegmentVerdict.BEYOND: {
      takeOutOfWindow(tcb, flags, ahead, length, now)
      return
    }
    case SegmentVerdict.CHALLENGE: {
      tcb.challenge(now)
      return
    }
    case SegmentVerdict.REPEAT_SYN_ACK: {
      if (!tcb.isDeferred) tcb.synPending = true
      return
    }
    case SegmentVerdict.SEND_RESET: {
      tcb.sendBareReset(ack)
      return
    }
    case SegmentVerdict.RESET: {
      resetArrived(tcb)
      return
    }
    case SegmentVerdict.REFUSED: {
      tcb.die(TcpEvent.REFUSED)
      return
    }
    case SegmentVerdict.DROP:
      return
  }
}

/** Processes the ACK field and the window (RFC 9293 §3.10.7.4, fifth check). */
function takeAck(tcb: Tcb, ack: number, windowField: number, mayShowLoss: boolean, now: number): void {
  const { sender } = tcb
  const { una } = sender
  const acksFin = sender.onAck(ack, windowField, mayShowLoss, now)
  if (sender.una === una) return
  tcb.isUnreachable = false
  if (sender.takeWritable()) tcb.events |= TcpEvent.WRITABLE
  if (acksFin) finAcked(tcb, now)
}

/**
 * Processes payload and FIN that lie at least partly within the window (RFC 9293 §3.10.7.4, seventh
 * and eighth step).
 */
function takeData(
  tcb: Tcb,
  b: Uint8Array,
  payload: number,
  end: number,
  ahead: number,
  flags: number,
  now: number,
): void {
  const { receiver } = tcb
  if (receiver.finReached) {
    // Nothing can follow a FIN.
    if (tcb.state !== TcpState.CLOSED) tcb.challenge(now)
    return
  }
  if (receiver.take(b, payload, end, ahead, (flags & FIN) !== 0, now)) finArrived(tcb, now)
}

/**
 * Acknowledges a segment outside the window (RFC 9293 §3.10.7.4, first check). Data is acknowledged
 * each time, since the previous ACK was lost. A segment without data is acknowledged at a limited
 * rate.
 */
function takeOutOfWindow(tcb: Tcb, flags: number, ahead: number, length: number, now: number): void {
  tcb.keepAlive.heard(now)
  if (length > 0) tcb.receiver.ackNow = true
  else respondToKeepAlive(tcb, ahead, now)
  // A repeated FIN in TIME-WAIT restarts the wait.
  if (tcb.state === TcpState.TIME_WAIT && flags & FIN) startTimeWait(tcb, now)
}
