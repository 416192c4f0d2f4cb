import type { DataPlaneStatus } from '../status.js'

/** What one line card tells of itself: totals since its own start. */
export interface CardStatus extends DataPlaneStatus {
  readonly fibVersion: number
}
