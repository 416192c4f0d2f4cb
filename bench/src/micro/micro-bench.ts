/** Something that runs per packet, flow or change of the tables, to be timed. */
export interface TimedBench {
  readonly name: string
  /** Builds what it needs. `refresh` comes before each `run`, and is not timed. */
  readonly prepare: () => Operations
}

/** Does some operations and tells how many. */
export type Operations = (() => number) | { readonly run: () => number; readonly refresh: () => void }

/** Something whose memory is measured. */
export interface MemoryBench {
  readonly name: string
  /** Builds it, and returns it for as long as it is measured. */
  readonly build: () => object
  /** How many there are in it, by which the bytes are divided. */
  readonly count: number
}

export type MicroBench = TimedBench | MemoryBench
