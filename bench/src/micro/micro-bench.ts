/** Something that runs per packet, flow or change of the tables, to be timed. */
export interface TimedBench {
  readonly name: string
  /** Builds what it needs, and returns a function that does some operations and tells how many. */
  readonly prepare: () => () => number
}

/** Something whose memory is measured. */
export interface MemoryBench {
  readonly name: string
  /** Builds it, and returns it for as long as it is measured. */
  readonly build: () => object
  /** How many there are in it, by which the bytes are divided. */
  readonly count: number
}

export type MicroBench = TimedBench | MemoryBench
