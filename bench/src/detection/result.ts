import type { LoadSample } from '../load/load.js'
import type { Detected } from './measure-detection.js'
import type { BfdHealth } from './session-health.js'
import type { Timers } from './timers.js'

/** Time that detection may take beyond the detection time, ms. */
export const ALLOWANCE_MS = 50

/** Outcome with one setting of the timers. */
export interface DetectionResult {
  readonly timers: Timers
  readonly detected: readonly Detected[]
  /** Sessions after the full load; null: there was none. */
  readonly underLoad: { readonly load: LoadSample; readonly health: BfdHealth } | null
}
