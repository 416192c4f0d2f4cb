/**
 * A callback that {@link ManualClock} will run; hand it to {@link ManualClock.cancel} to take it
 * back.
 */
export interface Scheduled {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/**
 * Virtual time, ms. Callbacks run in the order of their times, and those of one time in the order
 * in which they were scheduled; nothing else moves the time.
 */
export class ManualClock {
  #now: number
  #order = 0
  /** A binary heap, the earliest at the root. Cancelled entries stay until they come up. */
  readonly #heap: Scheduled[] = []

  constructor(startMs = 0) {
    this.#now = startMs
  }

  /** The virtual time, ms. */
  get now(): number {
    return this.#now
  }

  /** When the next callback is due, ms; Infinity when none is. */
  get nextAt(): number {
    this.#dropCancelled()
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /**
   * Has `run` called at `at` (ms); a time that has passed means now, behind what is due now
   * already.
   */
  schedule(at: number, run: () => void): Scheduled {
    const entry: Scheduled = { at: Math.max(at, this.#now), order: this.#order++, run }
    this.#push(entry)
    return entry
  }

  /** Takes a callback back. One that has run is none. */
  cancel(entry: Scheduled): void {
    entry.run = undefined
  }

  /** Runs the next callback, moving the time to it. Returns false when there is none. */
  step(): boolean {
    this.#dropCancelled()
    const entry = this.#pop()
    if (entry === undefined) return false
    this.#now = entry.at
    const { run } = entry
    entry.run = undefined
    run?.()
    return true
  }

  /** Runs all that is due up to and at `at`, which is then the time. */
  runUntil(at: number): void {
    while (this.nextAt <= at) this.step()
    this.#now = Math.max(this.#now, at)
  }

  /** Runs all that is due within the next `ms`. */
  advance(ms: number): void {
    this.runUntil(this.#now + ms)
  }

  #dropCancelled(): void {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) this.#pop()
  }

  #push(entry: Scheduled): void {
    const heap = this.#heap
    let i = heap.push(entry) - 1
    while (i > 0) {
      const parent = (i - 1) >>> 1
      if (isBefore(heap[parent]!, entry)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = entry
  }

  #pop(): Scheduled | undefined {
    const heap = this.#heap
    const root = heap[0]
    const last = heap.pop()
    if (root === undefined || last === undefined || root === last) return root
    let i = 0
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (isBefore(last, heap[child]!)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return root
  }
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
