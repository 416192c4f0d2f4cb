import type { TcpOptions } from './options.js'

/**
 * Least time beyond the smoothed round trip until a retransmission timer expires. An ACK may be
 * delayed by so much: by the peer's timer, by the tick of both ends' timers, and by processes that
 * share a machine.
 */
const VARIATION_MIN_MS = 100
/**
 * Least time until a tail loss probe (RFC 8985 §7.2: implementation-defined): a loss probe of a
 * jumbo segment must not follow each pause of a process.
 */
export const PROBE_MIN_MS = 40
/** Longest delay of an ACK by the peer (TLP.max_ack_delay): its timer, and ticks of both ends. */
export const ACK_DELAY_MAX_MS = 60
/** Age beyond which the least round trip is replaced: the path may have changed. */
const MIN_RTT_WINDOW_MS = 10_000

/** Round-trip times of a connection, and the timeouts that follow from them. Times in ms. */
export class RoundTrip {
  readonly #options: TcpOptions
  #smoothed = -1
  #variation = 0
  #min = Number.POSITIVE_INFINITY
  #minAt = 0
  /** Factor of the timeout's exponential backoff (RFC 6298 §5.5). */
  #backoff = 1

  constructor(options: TcpOptions) {
    this.#options = options
  }

  /** Smoothed round trip (SRTT); 0 before the first sample. */
  get smoothedMs(): number {
    return Math.max(this.#smoothed, 0)
  }

  /** Least round trip of about the last 10 s; 0 before the first sample. */
  get minMs(): number {
    return this.#smoothed < 0 ? 0 : this.#min
  }

  /** Current retransmission timeout, with exponential backoff (RFC 6298). */
  get timeoutMs(): number {
    return Math.min(this.#baseMs() * this.#backoff, this.#options.rtoMaxMs)
  }

  /**
   * Takes the round-trip time of a segment that was sent once (Karn's algorithm, RFC 6298 §3). Ends
   * the backoff.
   */
  sample(sampleMs: number, now: number): void {
    const rttMs = Math.max(sampleMs, 0)
    if (this.#smoothed < 0) {
      this.#smoothed = rttMs
      this.#variation = rttMs / 2
    } else {
      this.#variation += (Math.abs(this.#smoothed - rttMs) - this.#variation) / 4
      this.#smoothed += (rttMs - this.#smoothed) / 8
    }
    if (rttMs <= this.#min || now - this.#minAt > MIN_RTT_WINDOW_MS) {
      this.#min = rttMs
      this.#minAt = now
    }
    this.#backoff = 1
  }

  /**
   * Time until a tail loss probe (RFC 8985 §7.2), at most the retransmission timeout, at least
   * {@link PROBE_MIN_MS}.
   * @param mayBeDelayed true if so little is in flight that the peer may delay its ACK
   */
  probeMs(mayBeDelayed: boolean): number {
    if (this.#smoothed < 0) return this.timeoutMs
    const probe = Math.max(2 * this.#smoothed, this.#smoothed + 4 * this.#variation, PROBE_MIN_MS)
    return Math.min(mayBeDelayed ? probe + ACK_DELAY_MAX_MS : probe, this.timeoutMs)
  }

  /** Doubles the timeout after the timer has expired (RFC 6298 §5.5). */
  backOff(): void {
    this.#backoff *= 2
  }

  /** Ends a backoff that came from probing a zero window, which is no sign of loss. */
  relax(): void {
    this.#backoff = 1
  }

  #baseMs(): number {
    const { rtoInitialMs, rtoMinMs, rtoMaxMs } = this.#options
    if (this.#smoothed < 0) return rtoInitialMs
    const timeout = this.#smoothed + Math.max(4 * this.#variation, VARIATION_MIN_MS)
    return Math.min(Math.max(timeout, rtoMinMs), rtoMaxMs)
  }
}
