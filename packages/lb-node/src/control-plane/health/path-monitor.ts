/**
 * The path to all backends: the LB's link to the downlink switch. A failed check says something of
 * a backend only if it works.
 */
export interface CheckPath {
  /** True while the link has carrier. */
  readonly isUp: boolean
  /** Requests a sign of life from the other end of the link. */
  probe(): void
  /** Returns true if anything has come from the link at `time` or later. */
  hasReceivedSince(time: number): boolean
  /**
   * Returns true if the link has been silent for so long that silence excuses no failure any more.
   */
  isOverdue(now: number): boolean
}

/** Time of the last packet from a link. Times in ms on one clock. */
export class PathMonitor {
  readonly #maxSilenceMs: number
  #heardAt: number

  /**
   * @param maxSilenceMs silence after which the link counts as unusable, as a backend that does not
   * respond does
   */
  constructor(maxSilenceMs: number, now: number) {
    this.#maxSilenceMs = maxSilenceMs
    this.#heardAt = now
  }

  /** Packets have come from the link. Called per read, not per packet. */
  heard(now: number): void {
    this.#heardAt = now
  }

  hasReceivedSince(time: number): boolean {
    return this.#heardAt >= time
  }

  isOverdue(now: number): boolean {
    return now - this.#heardAt >= this.#maxSilenceMs
  }
}
