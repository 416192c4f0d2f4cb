/** Setting of BFD's timers. */
export interface Timers {
  readonly name: string
  readonly intervalMs: number
  readonly multiplier: number
}

/** The default, and the shortest that the configuration allows without a warning. */
export const TIMERS: readonly Timers[] = [
  { name: '300ms-x-3', intervalMs: 300, multiplier: 3 },
  { name: '50ms-x-3', intervalMs: 50, multiplier: 3 },
]
