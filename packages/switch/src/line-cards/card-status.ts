import type { DataPlaneStatus } from '../status.js'

/** Status of one line card: totals since its own start. */
export interface CardStatus extends DataPlaneStatus {
  readonly fibVersion: number
}
