/**
 * The contract of every protocol machine: inputs and the time go in, outputs come out, and one number says when it wants
 * to hear the time again. Machines own no socket, timer or clock, so the same code runs on a virtual clock.
 */
export interface Machine<Input, Output> {
  handle(input: Input, now: number): void
  /** The next output, or undefined when there is none. */
  poll(): Output | undefined
  /** When `handle` wants a timeout input at the latest, in ms on the caller's clock; Infinity: never. */
  deadline(): number
}
