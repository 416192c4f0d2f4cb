/**
 * Congestion control of one connection: the part that differs between algorithms. Windows are in
 * bytes, times in ms. {@link CongestionWindow} holds the window, and does what all have in common.
 */
export interface CongestionControl {
  /**
   * Returns the bytes by which the window grows in congestion avoidance.
   * @param acked bytes that were newly acknowledged
   */
  increase(window: number, acked: number, mss: number, rttMs: number, now: number): number
  /**
   * Returns the slow start threshold after a loss. Limits are the caller's.
   * @param flight bytes in flight when the loss was detected
   */
  reduce(window: number, flight: number, mss: number): number
  /** Starts a new epoch of congestion avoidance: the window has not followed {@link increase}. */
  restart(): void
  /** Keeps what {@link undo} returns to. */
  save(): void
  /** Reverts what {@link reduce} has done since the last {@link save}: nothing was lost. */
  undo(): void
}
