import type { Timers } from '@fivetuple/runtime'

/** Ends of faults that last for a time: at most one timer per fault. */
export class FaultDeadlines {
  readonly #after: Timers['after']
  readonly #cancels = new Map<string, () => void>()
  #isStopped = false

  constructor(after: Timers['after']) {
    this.#after = after
  }

  /** Number of faults that end by themselves. */
  get size(): number {
    return this.#cancels.size
  }

  /**
   * Sets the end of a fault, or changes it.
   *
   * @param inMs at most 2^31 - 1, the longest of a timer
   */
  set(id: string, inMs: number, onDue: () => void): void {
    this.cancel(id)
    if (this.#isStopped) return
    const cancel = this.#after(inMs, () => {
      this.#cancels.delete(id)
      onDue()
    })
    this.#cancels.set(id, cancel)
  }

  cancel(id: string): void {
    this.#cancels.get(id)?.()
    this.#cancels.delete(id)
  }

  /** Cancels all, for good. */
  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#cancels.values()) cancel()
    this.#cancels.clear()
  }
}
