import type { CongestionControl } from './congestion-control.js'

/** Congestion avoidance of RFC 5681: one segment more per round trip, half the window at a loss. */
export class NewReno implements CongestionControl {
  /** RFC 5681 §3.1, equation 3, by bytes that were acknowledged. */
  increase(window: number, acked: number, mss: number): number {
    return (acked * mss) / window
  }

  /** RFC 5681 §3.1, equation 4. */
  reduce(_window: number, flight: number): number {
    return flight / 2
  }

  restart(): void {}

  save(): void {}

  undo(): void {}
}
