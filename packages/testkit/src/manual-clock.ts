/** Callback that {@link ManualClock} will run. {@link ManualClock.cancel} cancels it. */
export interface Scheduled {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/**
 * Virtual time, ms. Callbacks run in the order of their times. Those of one time run in the order
 * in which they were scheduled. Nothing else moves the time.
 */
export class ManualClock {
  #now: number
  #order = 0
  /** Binary heap, the earliest at the root. Cancelled entries stay until they reach the root. */
  readonly #heap: Scheduled[] = []

  constructor(startMs = 0) {
    this.#now = startMs
  }

  /** Current virtual time, ms. */
  get now(): number {
    return this.#now
  }

  /** Time of the next callback, ms; Infinity if there is none. */
  get nextAt(): number {
    this.#dropCancelled()
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  /**
   * Schedules `run` for `at` (ms). If `at` has passed, it runs now, after everything that is due
   * already.
   */
  schedule(at: number, run: () => void): Scheduled {
    const entry: Scheduled = { at: Math.max(at, this.#now), order: this.#order++, run }
    this.#push(entry)
    return entry
  }

  /** Cancels a callback. Without effect if it has run. */
  cancel(entry: Scheduled): void {
    entry.run = undefined
  }

  /** Runs the next callback and moves the time to it. Returns false if there is none. */
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

  /** Runs everything that is due up to and including `at`, which is then the time. */
  runUntil(at: number): void {
    while (this.nextAt <= at) this.step()
    this.#now = Math.max(this.#now, at)
  }

  /** Runs everything that is due within the next `ms`. */
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
