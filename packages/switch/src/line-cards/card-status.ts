import type { ForwardingStatus } from '../status.js'

/** What one line card tells of itself: totals since its own start. */
export interface CardStatus extends ForwardingStatus {
  readonly fibVersion: number
}
