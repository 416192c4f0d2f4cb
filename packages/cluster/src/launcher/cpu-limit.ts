import { realTimers, type Timers } from '@fivetuple/runtime'
import { DutyCycle } from './duty-cycle.js'

/** Signals that stop a process and let it continue. */
export type StopSignal = 'SIGSTOP' | 'SIGCONT'

/** Limits the CPU time of a process: stops it and lets it continue by a {@link DutyCycle}. */
export class CpuLimit {
  /** Share of the time in which the process may run. */
  readonly share: number
  readonly #timers: Timers
  readonly #signal: (signal: StopSignal) => void
  readonly #cycle: DutyCycle
  #cancel: (() => void) | undefined

  /** Begins with a stop. @param signal sends a signal to all threads and children of the process */
  constructor(share: number, signal: (signal: StopSignal) => void, timers: Timers = realTimers) {
    this.share = share
    this.#timers = timers
    this.#signal = signal
    this.#cycle = new DutyCycle(share, timers.now())
    this.#next()
  }

  /** Ends the limit. The process continues. */
  end(): void {
    if (this.#cancel === undefined) return
    this.#cancel()
    this.#cancel = undefined
    this.#signal('SIGCONT')
  }

  #next(): void {
    const { isStopped, forMs } = this.#cycle.next(this.#timers.now())
    this.#signal(isStopped ? 'SIGSTOP' : 'SIGCONT')
    this.#cancel = this.#timers.after(forMs, () => this.#next())
  }
}
