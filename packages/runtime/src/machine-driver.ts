import type { Clock } from './clock.js'
import { DeadlineTimer } from './deadline-timer.js'
import type { Machine } from './machine.js'

/** Runs one machine: feeds inputs, hands outputs on in order, and keeps a single timer for its deadline. */
export class MachineDriver<Input, Output> {
  readonly #machine: Machine<Input, Output>
  readonly #clock: Clock
  readonly #onOutput: (output: Output) => void
  readonly #timer: DeadlineTimer
  #draining = false

  /** @param timeout the input that tells the machine that its deadline has come */
  constructor(machine: Machine<Input, Output>, timeout: Input, clock: Clock, onOutput: (output: Output) => void) {
    this.#machine = machine
    this.#clock = clock
    this.#onOutput = onOutput
    this.#timer = new DeadlineTimer(clock, () => {
      const now = clock.now()
      if (machine.deadline() <= now) {
        machine.handle(timeout, now)
        this.#drain()
      }
      return machine.deadline()
    })
  }

  /** Gives the machine an input. May be called from within an output handler; outputs then follow in turn. */
  input(input: Input): void {
    this.#machine.handle(input, this.#clock.now())
    this.#drain()
    this.#timer.arm(this.#machine.deadline())
  }

  close(): void {
    this.#timer.close()
  }

  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      for (let output = this.#machine.poll(); output !== undefined; output = this.#machine.poll())
        this.#onOutput(output)
    } finally {
      this.#draining = false
    }
  }
}
