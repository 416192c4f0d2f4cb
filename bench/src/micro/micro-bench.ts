/** Timed bench of code that runs per packet, flow or change of the tables. */
export interface TimedBench {
  readonly name: string
  /** Builds its data. `refresh` runs before each `run`, and is not timed. */
  readonly prepare: () => Operations
}

/** Does some operations and returns their number. */
export type Operations = (() => number) | { readonly run: () => number; readonly refresh: () => void }

/** Bench of memory. */
export interface MemoryBench {
  readonly name: string
  /** Builds the items, and returns them, so that they stay alive while they are measured. */
  readonly build: () => object
  /** Number of items, by which the bytes are divided. */
  readonly count: number
}

export type MicroBench = TimedBench | MemoryBench
