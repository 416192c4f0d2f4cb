import type { TcpOptions } from './options.js'

const NEVER = Number.POSITIVE_INFINITY

/** Result of {@link KeepAlive.onTimeout}. */
export type KeepAliveAction = 'wait' | 'probe' | 'time-out'

/** Keep-alive timer of a connection (RFC 9293 §3.8.4). Times in ms. */
export class KeepAlive {
  readonly #options: TcpOptions
  #heardAt = 0
  #probes = 0
  /** Time at which {@link onTimeout} is due; Infinity: never. */
  dueAt = NEVER

  constructor(options: TcpOptions) {
    this.#options = options
  }

  start(now: number): void {
    this.#heardAt = now
    this.dueAt = now + this.#options.keepAliveMs
  }

  stop(): void {
    this.dueAt = NEVER
  }

  /** Records that the peer has sent a segment. */
  heard(now: number): void {
    this.#heardAt = now
    this.#probes = 0
  }

  /**
   * Decides what follows at the deadline.
   * @param isHalfClosed true if one side has sent its FIN and the other has not
   * @param isWatched true if another timer detects a dead peer, or the connection is not
   * established
   */
  onTimeout(isHalfClosed: boolean, isWatched: boolean, now: number): KeepAliveAction {
    const { keepAliveMs, halfClosedKeepAliveMs, keepAliveIntervalMs, keepAliveProbes } = this.#options
    const quietUntil = this.#heardAt + (isHalfClosed ? halfClosedKeepAliveMs : keepAliveMs)
    if (now < quietUntil || isWatched) {
      this.dueAt = Math.max(quietUntil, now + keepAliveIntervalMs)
      return 'wait'
    }
    if (this.#probes >= keepAliveProbes) return 'time-out'
    this.#probes++
    this.dueAt = now + keepAliveIntervalMs
    return 'probe'
  }
}
