import type { CongestionControl } from './congestion-control.js'
import { Cubic } from './cubic.js'
import { NewReno } from './new-reno.js'

/** Congestion controls by name. */
export const CONGESTION_CONTROLS = {
  cubic: () => new Cubic(),
  'new-reno': () => new NewReno(),
} as const satisfies Readonly<Record<string, () => CongestionControl>>

export type CongestionControlName = keyof typeof CONGESTION_CONTROLS
