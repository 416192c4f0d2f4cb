import type { Delivery } from './delivery.js'

interface Entry<T> extends Delivery<T> {
  readonly bytes: number
  readonly order: number
}

/** Deliveries by time, the earliest first. Those of one time keep the order in which they came. */
export class DeliveryQueue<T> {
  /** Binary heap, the earliest at the root. */
  readonly #heap: Entry<T>[] = []
  #order = 0
  #bytes = 0

  /** Number of deliveries queued. */
  get packets(): number {
    return this.#heap.length
  }

  /** Sum of their sizes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Time of the earliest delivery, ms; Infinity if there is none. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  push(item: T, bytes: number, at: number): void {
    const heap = this.#heap
    const entry = { item, bytes, at, order: this.#order++ }
    this.#bytes += bytes
    let i = heap.length
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = entry
  }

  /** Removes and returns the earliest delivery; undefined if there is none. */
  pop(): Delivery<T> | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined) return undefined
    this.#bytes -= first.bytes
    if (heap.length === 0) return first
    let i = 0
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return first
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
