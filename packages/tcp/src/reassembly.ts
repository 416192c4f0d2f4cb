import { seqAdd, seqDiff } from './sequence.js'

/** Largest number of segments kept, so that many tiny ones can't exhaust memory. */
const SEGMENTS_MAX = 1_024

interface Held {
  readonly seq: number
  readonly data: Uint8Array
}

/** Segments that arrived ahead of a gap, in order of their sequence numbers and without overlap. */
export class Reassembly {
  readonly #held: Held[] = []
  /** Bytes held. */
  bytes = 0

  get isEmpty(): boolean {
    return this.#held.length === 0
  }

  /**
   * Keeps a copy of `b[start, end)`, whose first byte has number `seq`. Bytes that are held already
   * are not stored twice.
   */
  insert(seq: number, b: Uint8Array, start: number, end: number): void {
    if (this.#held.length >= SEGMENTS_MAX) return
    let from = seq
    let o = start
    // Mostly a segment follows the last one.
    let i = this.#isBehindLast(seq) ? this.#held.length : 0
    for (; i < this.#held.length && o < end; i++) {
      const held = this.#held[i]!
      const before = seqDiff(held.seq, from)
      if (before > 0) {
        const take = Math.min(before, end - o)
        this.#put(i++, from, b, o, o + take)
        from = seqAdd(from, take)
        o += take
      }
      const skip = seqDiff(seqAdd(held.seq, held.data.length), from)
      if (skip > 0) {
        from = seqAdd(from, skip)
        o += skip
      }
    }
    if (o < end) this.#put(this.#held.length, from, b, o, end)
  }

  /**
   * Removes the bytes that follow `next` without a gap.
   * @returns the bytes, or undefined if the next byte is missing
   */
  take(next: number): Uint8Array | undefined {
    for (let held = this.#held[0]; held !== undefined; held = this.#held[0]) {
      const old = seqDiff(next, held.seq)
      if (old < 0) return undefined
      this.#held.shift()
      this.bytes -= held.data.length
      if (old < held.data.length) return old === 0 ? held.data : held.data.subarray(old)
    }
    return undefined
  }

  /** Run of held bytes with the lowest numbers, its edges; undefined if nothing is held. */
  get firstRun(): { readonly start: number; readonly end: number } | undefined {
    const [first] = this.#held
    return first && this.runOf(first.seq)
  }

  /** Returns the run of held bytes that has byte `seq`, its edges; undefined if none has. */
  runOf(seq: number): { readonly start: number; readonly end: number } | undefined {
    const held = this.#held
    const endOf = (i: number): number => seqAdd(held[i]!.seq, held[i]!.data.length)
    const at = held.findIndex((h) => seqDiff(seq, h.seq) >= 0 && seqDiff(seq, seqAdd(h.seq, h.data.length)) < 0)
    if (at === -1) return undefined
    let first = at
    while (first > 0 && endOf(first - 1) === held[first]!.seq) first--
    let last = at
    while (last + 1 < held.length && endOf(last) === held[last + 1]!.seq) last++
    return { start: held[first]!.seq, end: endOf(last) }
  }

  clear(): void {
    this.#held.length = 0
    this.bytes = 0
  }

  #isBehindLast(seq: number): boolean {
    const last = this.#held.at(-1)
    return last === undefined || seqDiff(seq, seqAdd(last.seq, last.data.length)) >= 0
  }

  #put(i: number, seq: number, b: Uint8Array, start: number, end: number): void {
    const data = Uint8Array.prototype.slice.call(b, start, end)
    this.#held.splice(i, 0, { seq, data })
    this.bytes += data.length
  }
}
