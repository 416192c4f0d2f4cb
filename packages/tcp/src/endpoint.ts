import { segmentArrives } from './arrival.js'
import { abort, establish, openActively, openPassively } from './control.js'
import { icmpErrorArrives, nextDeadline, timeoutArrives } from './liveness.js'
import type { TcpOptions } from './options.js'
import { isOnlyKeepAlive, transmit, wantsTransmit } from './output.js'
import type { SegmentOutput } from './segment-output.js'
import { TcpState } from './state.js'
import { Tcb } from './tcb.js'

/**
 * One end of a TCP connection (RFC 9293) without I/O. Inputs are segments, calls of the application
 * and the time (ms). Outputs are segments and events, on request.
 *
 * After each input the owner reads ({@link nextRead}) until nothing is left, takes the events,
 * calls {@link transmit}, and schedules the {@link deadline}.
 */
export class TcpEndpoint {
  readonly #tcb: Tcb

  /**
   * @param iss initial sequence number, 32 bits (RFC 9293 §3.4.1: hard to guess, and ahead of those
   * used before)
   */
  constructor(options: TcpOptions, localPort: number, remotePort: number, iss: number) {
    this.#tcb = new Tcb(options, localPort, remotePort, iss)
  }

  get state(): TcpState {
    return this.#tcb.state
  }

  /** True if a new SYN of the same five-tuple may replace this endpoint. */
  get isOver(): boolean {
    const { state } = this.#tcb
    return state === TcpState.TIME_WAIT || state === TcpState.CLOSED
  }

  /** Bytes passed to {@link send} and not acknowledged. */
  get sendBuffered(): number {
    return this.#tcb.sender.queued
  }

  /** True while the application should pause. The event WRITABLE ends the pause. */
  get sendBufferFull(): boolean {
    return this.#tcb.sender.isFull
  }

  /** Bytes that wait behind a gap. */
  get reassemblyBytes(): number {
    return this.#tcb.receiver.reassemblyBytes
  }

  /** Segments retransmitted since the start. */
  get retransmits(): number {
    return this.#tcb.sender.retransmits
  }

  /** Segments that arrived ahead of a gap, since the start. */
  get outOfOrder(): number {
    return this.#tcb.receiver.outOfOrder
  }

  /** Congestion window, bytes (RFC 5681). */
  get congestionWindow(): number {
    return this.#tcb.sender.congestionWindow
  }

  /** Smoothed round-trip time, ms; 0 before the first sample (RFC 6298). */
  get roundTripMs(): number {
    return this.#tcb.sender.roundTripMs
  }

  get hasEvents(): boolean {
    return this.#tcb.events !== 0
  }

  /** True if {@link nextRead} would return true. */
  get hasRead(): boolean {
    return this.#tcb.receiver.hasRead
  }

  /** Buffer of the bytes that {@link nextRead} has moved to. */
  get readBuffer(): Uint8Array {
    return this.#tcb.receiver.readBuffer
  }
  get readStart(): number {
    return this.#tcb.receiver.readStart
  }
  get readEnd(): number {
    return this.#tcb.receiver.readEnd
  }

  /** True if {@link transmit} has something to write. */
  get wantsTransmit(): boolean {
    return wantsTransmit(this.#tcb)
  }

  /**
   * True if all that {@link transmit} would write is a keep-alive probe, or the response to one.
   * Such a segment does not count as use of the connection by its applications.
   */
  get isOnlyKeepAlive(): boolean {
    return isOnlyKeepAlive(this.#tcb)
  }

  /** Opens actively: a SYN becomes pending. */
  connect(now: number): void {
    openActively(this.#tcb, now)
  }

  /**
   * Processes a SYN whose TCP header is at `b[o]`. {@link establish} or {@link refuse} sends the
   * response. If neither is called within `userTimeoutMs`, the connection times out.
   */
  accept(b: Uint8Array, o: number, end: number, now: number): void {
    openPassively(this.#tcb, b, o, end, now)
  }

  /** Responds to the SYN with SYN-ACK. Without effect if the peer has closed in the meantime. */
  establish(now: number): void {
    establish(this.#tcb, now)
  }

  /** Responds to the SYN with RST. */
  refuse(now: number): void {
    if (this.#tcb.state === TcpState.SYN_RECEIVED) this.abort(now)
  }

  /**
   * Queues bytes, by reference until they are acknowledged: they must not change. Ignored after
   * {@link shutdown}.
   */
  send(chunk: Uint8Array, now: number): void {
    const { state, sender } = this.#tcb
    if (state === TcpState.CLOSED || sender.finQueued) return
    sender.push(chunk, now)
  }

  /** Sends FIN after the queued bytes. */
  shutdown(_now: number): void {
    if (this.#tcb.state !== TcpState.CLOSED) this.#tcb.sender.finQueued = true
  }

  /** Drops the queued bytes and sends RST. The endpoint is closed at once. */
  abort(_now: number): void {
    if (this.#tcb.state !== TcpState.CLOSED) abort(this.#tcb, 0)
  }

  /** Counts `bytes` of the delivered bytes as consumed by the application: the window opens. */
  consumed(bytes: number, _now: number): void {
    const { state, receiver } = this.#tcb
    receiver.consumed(bytes)
    if (state === TcpState.CLOSED) receiver.ackNow = false
  }

  /**
   * Processes an ICMP error that reports the peer as unreachable: final for a SYN, a hint later
   * (RFC 9293 §3.9.2.2).
   */
  unreachable(_now: number): void {
    icmpErrorArrives(this.#tcb)
  }

  /** Returns the events since the last call: bits of {@link TcpEvent}. */
  takeEvents(): number {
    const { events } = this.#tcb
    this.#tcb.events = 0
    return events
  }

  /**
   * Moves on to the next delivered bytes: `readBuffer[readStart, readEnd)`. The views are valid
   * until the next input. Each byte counts against the window until it is {@link consumed}.
   */
  nextRead(): boolean {
    return this.#tcb.receiver.nextRead()
  }

  /** Time at which {@link onTimeout} is needed, ms; Infinity: never. */
  deadline(): number {
    return nextDeadline(this.#tcb)
  }

  /** Handles the timers that are due at `now`. A call that is too early does nothing. */
  onTimeout(now: number): void {
    timeoutArrives(this.#tcb, now)
  }

  /**
   * Processes a segment: TCP header at `b[o]`, payload up to `end`. The owner has checked that the
   * header is complete.
   */
  onSegment(b: Uint8Array, o: number, end: number, now: number): void {
    segmentArrives(this.#tcb, b, o, end, now)
  }

  /**
   * Writes all that may be sent now.
   * @returns false if the output refused a segment: it stays queued, and {@link wantsTransmit}
   * stays true
   */
  transmit(out: SegmentOutput, now: number): boolean {
    return transmit(this.#tcb, out, now)
  }
}
