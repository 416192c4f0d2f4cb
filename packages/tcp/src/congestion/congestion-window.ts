import type { CongestionControl } from './congestion-control.js'
import { CONGESTION_CONTROLS, type CongestionControlName } from './congestion-controls.js'

/**
 * Initial window, segments (RFC 6928 §2). Its other limit, 14,600 bytes, is not applied, as in
 * Linux: of jumbo packets it would be two.
 */
const INITIAL_SEGMENTS = 10
/** Smallest slow start threshold, segments (RFC 5681 §3.1). */
const THRESHOLD_MIN_SEGMENTS = 2
/** Largest window, bytes: half the sequence space, which no peer's window exceeds. */
const WINDOW_MAX_BYTES = 2 ** 30

/**
 * Congestion window of one connection (RFC 5681): slow start, reductions, and restart after idle
 * time. The growth in congestion avoidance is that of a {@link CongestionControl}, which is created
 * when it is first needed. Bytes, and ms.
 */
export class CongestionWindow {
  readonly #name: CongestionControlName
  #control: CongestionControl | undefined
  #mss: number
  #initial: number
  /** Bytes that may be in flight. */
  bytes: number
  /** Slow start threshold (ssthresh). */
  threshold = Number.POSITIVE_INFINITY
  #bytesBefore = 0
  #thresholdBefore = 0

  constructor(name: CongestionControlName, mss: number) {
    this.#name = name
    this.#mss = mss
    this.#initial = INITIAL_SEGMENTS * mss
    this.bytes = this.#initial
  }

  /** Starts with the segment size that the handshake has agreed on. */
  open(mss: number): void {
    this.#mss = mss
    this.#initial = INITIAL_SEGMENTS * mss
    this.bytes = this.#initial
  }

  get isInSlowStart(): boolean {
    return this.bytes < this.threshold
  }

  /**
   * Grows by an ACK. To be called while the window, and nothing else, limits what is sent
   * (RFC 7661 §4.2, RFC 9438 §5.8).
   */
  grow(acked: number, rttMs: number, now: number): void {
    let left = acked
    if (this.isInSlowStart) {
      const step = Math.min(left, this.threshold - this.bytes)
      this.bytes += step
      left -= step
    }
    if (left > 0) this.bytes += this.#theControl().increase(this.bytes, left, this.#mss, rttMs, now)
    this.bytes = Math.min(this.bytes, WINDOW_MAX_BYTES)
  }

  /**
   * Lowers the threshold after a loss (RFC 5681 §3.2). The window is set apart: by
   * {@link set}, or {@link collapse}.
   */
  reduce(flight: number): void {
    const reduced = this.#theControl().reduce(this.bytes, flight, this.#mss)
    this.threshold = Math.max(reduced, THRESHOLD_MIN_SEGMENTS * this.#mss)
  }

  set(bytes: number): void {
    this.bytes = Math.max(bytes, this.#mss)
  }

  /** Sets the loss window of a retransmission timeout, one segment (RFC 5681 §3.1). */
  collapse(): void {
    this.bytes = this.#mss
    this.#control?.restart()
  }

  /** Keeps what {@link undo} returns to. */
  save(): void {
    this.#bytesBefore = this.bytes
    this.#thresholdBefore = this.threshold
    this.#theControl().save()
  }

  /** Reverts the reductions since the last {@link save}: what was retransmitted was not lost. */
  undo(): void {
    this.#theControl().undo()
    this.bytes = Math.max(this.bytes, this.#bytesBefore)
    this.threshold = this.#thresholdBefore
  }

  /** True if {@link restart} would change anything. */
  get isAboveInitial(): boolean {
    return this.bytes > this.#initial
  }

  /**
   * Lowers a window that has not been used for a time: half per timeout, at least the initial one
   * (RFC 5681 §4.1, RFC 2861).
   */
  restart(idleMs: number, timeoutMs: number): void {
    if (idleMs < timeoutMs) return
    this.threshold = Math.max(this.threshold, 0.75 * this.bytes)
    this.bytes = Math.max(this.bytes / 2 ** Math.floor(idleMs / timeoutMs), this.#initial)
    this.#control?.restart()
  }

  #theControl(): CongestionControl {
    this.#control ??= CONGESTION_CONTROLS[this.#name]()
    return this.#control
  }
}
