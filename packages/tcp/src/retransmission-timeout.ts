import type { TcpOptions } from './options.js'

/** The retransmission timeout of RFC 6298: smoothed round-trip time and its variation, with exponential backoff. */
export class RetransmissionTimeout {
  readonly #options: TcpOptions
  #srtt = -1
  #rttvar = 0
  /** The timeout without backoff. */
  #base: number
  /** Current timeout, ms. */
  ms: number

  constructor(options: TcpOptions) {
    this.#options = options
    this.#base = options.rtoInitialMs
    this.ms = options.rtoInitialMs
  }

  /** A round trip was measured, on a segment that was sent once (Karn's algorithm, RFC 6298 §3). Ends the backoff. */
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

  /** The timer has expired (RFC 6298 §5.5). */
  backOff(): void {
    this.ms = Math.min(this.ms * 2, this.#options.rtoMaxMs)
  }

  /** The backoff came from probing a shut window, which says nothing about round trips. */
  relax(): void {
    this.ms = this.#base
  }
}
