import { abort } from './control.js'
import { TcpEvent } from './events.js'
import { SenderTimeout } from './sender.js'
import { TcpInput, TcpState } from './state.js'
import type { Tcb } from './tcb.js'

const NEVER = Number.POSITIVE_INFINITY

// Timers of a connection, and its end if the peer does not respond. Times in ms.

/** Time at which {@link timeoutArrives} is needed; Infinity: never. */
export function nextDeadline({ sender, receiver, keepAlive, overAt }: Tcb): number {
  return Math.min(sender.timeoutAt, receiver.ackAt, keepAlive.dueAt, overAt)
}

/** Handles the timers that are due at `now`. */
export function timeoutArrives(tcb: Tcb, now: number): void {
  const { sender, receiver, keepAlive } = tcb
  if (now >= tcb.overAt) {
    waitIsOver(tcb)
    return
  }
  if (now >= receiver.ackAt) {
    receiver.ackAt = NEVER
    receiver.ackNow = true
  }
  if (now >= sender.timeoutAt) senderTimesOut(tcb, now)
  if (now >= keepAlive.dueAt) keepAliveTimesOut(tcb, now)
}

/**
 * Responds to an empty segment outside the window: a keep-alive (RFC 9293 §3.8.4), a probe of a
 * zero window, or an invalid one.
 */
export function respondToKeepAlive(tcb: Tcb, ahead: number, now: number): void {
  const { receiver } = tcb
  // A zero window is probed by the persist timer. An ACK that is due anyway is more than a
  // response.
  const isKeepAlive = ahead === -1 && receiver.window > 0
  if (isKeepAlive && !receiver.ackNow && receiver.ackAt === NEVER) tcb.respondsToProbe = true
  tcb.challenge(now)
}

/**
 * Processes an ICMP error that reports the peer as unreachable: final for a SYN, a hint later
 * (RFC 9293 §3.9.2.2).
 */
export function icmpErrorArrives(tcb: Tcb): void {
  if (tcb.state === TcpState.SYN_SENT) tcb.die(TcpEvent.REFUSED)
  else tcb.isUnreachable = true
}

function senderTimesOut(tcb: Tcb, now: number): void {
  const { sender } = tcb
  switch (sender.onTimeout(now)) {
    case SenderTimeout.RESEND:
      if (tcb.state < TcpState.ESTABLISHED) tcb.synPending = true
      return
    case SenderTimeout.PROBE: // RFC 9293 §3.8.6.1
      tcb.probePending = true
      return
    case SenderTimeout.TIMED_OUT: // R2 of RFC 9293 §3.8.3
      timeOut(tcb)
      return
  }
}

function keepAliveTimesOut(tcb: Tcb, now: number): void {
  const isHalfClosed = tcb.state === TcpState.FIN_WAIT_2 || tcb.state === TcpState.CLOSE_WAIT
  // While the retransmission or persist timer runs, that timer detects a dead peer.
  const isWatched = tcb.sender.timeoutAt !== NEVER || tcb.state < TcpState.ESTABLISHED
  const action = tcb.keepAlive.onTimeout(isHalfClosed, isWatched, now)
  if (action === 'probe') tcb.probePending = true
  else if (action === 'time-out') timeOut(tcb)
}

/** Ends TIME-WAIT, or a SYN that the owner has not accepted in time. */
function waitIsOver(tcb: Tcb): void {
  if (tcb.isDeferred) timeOut(tcb)
  else {
    tcb.move(TcpInput.TIME_WAIT_OVER)
    tcb.die(0)
  }
}

/**
 * Closes the connection because the peer does not respond. If ICMP reports the peer as unreachable,
 * no RST is sent.
 */
function timeOut(tcb: Tcb): void {
  if (tcb.isUnreachable) tcb.die(TcpEvent.TIMEOUT)
  else abort(tcb, TcpEvent.TIMEOUT)
}
