/** Called once with the outcome of a request: undefined, or the code of its failure. */
export type Done = (error: string | undefined) => void
/** Gives a request up: it is not sent, or its response is dropped. Its `Done` is not called. */
export type Abandon = () => void

interface Entry {
  /** undefined: abandoned. */
  done: Done | undefined
  /** undefined: it waits. */
  cancel: Abandon | undefined
}

/** Requests of one connection: one at a time, in order. A request that is given up is not sent. */
export class RequestQueue {
  readonly #begin: (finish: Done) => Abandon
  readonly #waiting: Entry[] = []
  #current: Entry | undefined

  /**
   * @param begin sends a request, and calls `finish` when the connection is free for the next one,
   * not before `begin` has returned. The next one begins in a microtask, when the caller of
   * `finish` has returned. Returns a function that makes it finish soon.
   */
  constructor(begin: (finish: Done) => Abandon) {
    this.#begin = begin
  }

  send(done: Done): Abandon {
    const entry: Entry = { done, cancel: undefined }
    this.#waiting.push(entry)
    if (this.#current === undefined) this.#next()
    return () => {
      entry.done = undefined
      entry.cancel?.()
    }
  }

  #next(): void {
    let entry = this.#waiting.shift()
    while (entry !== undefined && entry.done === undefined) entry = this.#waiting.shift()
    this.#current = entry
    if (entry === undefined) return
    const current = entry
    current.cancel = this.#begin((error) => {
      if (this.#current !== current || current.cancel === undefined) return
      current.cancel = undefined
      current.done?.(error)
      queueMicrotask(() => this.#next())
    })
  }
}
