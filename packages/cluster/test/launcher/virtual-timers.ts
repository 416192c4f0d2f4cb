/** Timers on virtual time, as `until` takes them. */
export class VirtualTimers {
  #now = 0
  readonly #timers = new Set<{ readonly at: number; readonly call: () => void }>()

  readonly after = (ms: number, call: () => void): (() => void) => {
    const timer = { at: this.#now + ms, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Time since the start, ms. */
  readonly now = (): number => this.#now

  /** Number of timers that wait. */
  get size(): number {
    return this.#timers.size
  }

  /** Lets time pass, ms. Promises that timers settle have been followed up to where they wait again. */
  async pass(ms: number): Promise<void> {
    this.#now += ms
    for (const timer of [...this.#timers]) if (timer.at <= this.#now && this.#timers.delete(timer)) timer.call()
    await new Promise((resolve) => setImmediate(resolve))
  }
}
