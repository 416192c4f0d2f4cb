/** Something that runs per packet, to be timed. */
export interface MicroBench {
  readonly name: string
  /** Builds what it needs, and returns a function that does some thousand operations and tells how many. */
  readonly prepare: () => () => number
}
