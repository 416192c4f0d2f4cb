import type { TcpOptions } from './options.js'

/**
 * Retransmission timeout of RFC 6298: smoothed round-trip time and its variation, with exponential
 * backoff.
 */
export class RetransmissionTimeout {
  readonly #options: TcpOptions
  #srtt = -1
  #rttvar = 0
  /** Timeout without backoff, ms. */
  #base: number
  /** Current timeout, ms. */
  ms: number

  constructor(options: TcpOptions) {
    this.#options = options
    this.#base = options.rtoInitialMs
    this.ms = options.rtoInitialMs
  }

  /**
   * Takes the round-trip time of a segment that was sent once (Karn's algorithm, RFC 6298 §3). Ends
   * the backoff.
   */
  sample(rttMs: number): void {
    if (this.#srtt < 0) {
      this.#srtt = rttMs
      this.#rttvar = rttMs / 2
    } else {
      this.#rttvar += (Math.abs(this.#srtt - rttMs) - this.#rttvar) / 4
      this.#srtt += (rttMs - this.#srtt) / 8
    }
    const { rtoMinMs, rtoMaxMs } = this.#options
    this.#base = Math.min(Math.max(this.#srtt + 4 * this.#rttvar, rtoMinMs), rtoMaxMs)
    this.ms = this.#base
  }

  /** Doubles the timeout after the timer has expired (RFC 6298 §5.5). */
  backOff(): void {
    this.ms = Math.min(this.ms * 2, this.#options.rtoMaxMs)
  }

  /** Ends a backoff that came from probing a zero window, which is no sign of loss. */
  relax(): void {
    this.ms = this.#base
  }
}
