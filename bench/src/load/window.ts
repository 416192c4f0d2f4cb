import { quantile } from '../statistics.js'
import type { LoadOptions, LoadSample } from './load.js'

/** Counts events between the end of the warm-up and the end of the measurement. */
export class Window {
  readonly #latenciesMs: number[] = []
  readonly #errors = new Map<string, number>()
  #bytes = 0
  #isOpen = false
  #beginMs = 0
  #windowMs = 0

  response(latencyMs: number): void {
    if (this.#isOpen) this.#latenciesMs.push(latencyMs)
  }

  received(bytes: number): void {
    if (this.#isOpen) this.#bytes += bytes
  }

  error(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
  }

  /**
   * Waits for the warm-up and the measurement. Resolves when the measurement is over or has been
   * aborted.
   */
  async pass({ warmUpMs, measureMs, onWindow, signal }: LoadOptions): Promise<void> {
    await elapse(warmUpMs, signal)
    onWindow('begin')
    this.#beginMs = performance.now()
    this.#isOpen = true
    await elapse(measureMs, signal)
    this.#isOpen = false
    this.#windowMs = performance.now() - this.#beginMs
    onWindow('end')
  }

  sample(): LoadSample {
    return {
      windowMs: this.#windowMs,
      requests: this.#latenciesMs.length,
      bytes: this.#bytes,
      p50Ms: quantile(this.#latenciesMs, 0.5),
      p99Ms: quantile(this.#latenciesMs, 0.99),
      errors: Object.fromEntries(this.#errors),
    }
  }
}

/** Resolves after this time, or when the signal aborts. */
export function elapse(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
