import type { Timers } from '../dist/index.js'

/** Timers on virtual time. */
export class VirtualTimers implements Timers {
  #now = 0
  readonly #waiting = new Set<{ readonly at: number; readonly call: () => void }>()

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + ms, call }
    this.#waiting.add(timer)
    return () => this.#waiting.delete(timer)
  }

  /** Number of timers that wait. */
  get size(): number {
    return this.#waiting.size
  }

  /** Lets time pass, ms. */
  pass(ms: number): void {
    this.#now += ms
    for (const timer of [...this.#waiting]) if (timer.at <= this.#now && this.#waiting.delete(timer)) timer.call()
  }
}
