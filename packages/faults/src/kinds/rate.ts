import type { FaultKind } from '../fault-kind.js'

/**
 * Sends packets at `bitsPerSecond`, one behind the other, from a finite buffer with tail drop.
 *
 * With `burstBytes` 0 each packet takes exactly its serialisation time. Otherwise the rate is a
 * token bucket of that size (RFC 2697 §3 for one bucket; tbf in Linux): after idle time that many
 * bytes leave at once. A packet larger than the bucket is not dropped, as tbf does: it waits for
 * what the bucket lacks.
 *
 * The buffer holds the packets that have entered and not left, that in transmission included. A
 * packet that finds it empty is accepted whatever its size.
 */
export interface Rate {
  readonly kind: 'rate'
  /** 1,000 to 10^12. */
  readonly bitsPerSecond: number
  /** 1 to 1,000,000, default 1,000 (as in netem). */
  readonly bufferPackets?: number
  /** 1 to 2^30, default 2^20. */
  readonly bufferBytes?: number
  /** 0 (default) to 2^26. */
  readonly burstBytes?: number
}

export const rate: FaultKind<Rate> = {
  kind: 'rate',
  summary: 'the link has a bandwidth and a finite buffer',
  fields: {
    bitsPerSecond: { type: 'quantity', summary: 'bandwidth', unit: 'bit/s', min: 1_000, max: 1e12 },
    bufferPackets: {
      type: 'quantity',
      summary: 'packets that the buffer holds',
      unit: 'packets',
      min: 1,
      max: 1_000_000,
      default: 1_000,
    },
    bufferBytes: {
      type: 'quantity',
      summary: 'bytes that the buffer holds',
      unit: 'bytes',
      min: 1,
      max: 2 ** 30,
      default: 2 ** 20,
    },
    burstBytes: {
      type: 'quantity',
      summary: 'bytes that may leave at once after idle time; 0: none',
      unit: 'bytes',
      min: 0,
      max: 2 ** 26,
      default: 0,
    },
  },
  shorthand: ['bitsPerSecond', 'bufferPackets', 'bufferBytes', 'burstBytes'],
  usesChance: () => false,
  reorders: () => false,
  start({ bitsPerSecond, bufferPackets, bufferBytes, burstBytes }) {
    const msPerByte = 8_000 / bitsPerSecond
    const burstMs = burstBytes * msPerByte
    const buffer = new Buffered()
    /** Time at which an empty bucket would have paid for all packets so far, ms. */
    let paidAt = Number.NEGATIVE_INFINITY
    return {
      pass: (bytes, at, out) => {
        buffer.release(at)
        const isFull = buffer.packets + 1 > bufferPackets || buffer.bytes + bytes > bufferBytes
        if (isFull && buffer.packets > 0) return
        // The token bucket as virtual scheduling (ITU-T I.371, GCRA): equal to the bucket, without
        // a timer. Without a burst it is plain serialisation.
        paidAt = Math.max(paidAt, at) + bytes * msPerByte
        const leavesAt = Math.max(at, paidAt - burstMs)
        buffer.add(bytes, leavesAt)
        out.push(leavesAt)
      },
    }
  },
}

/** Packets that have entered and not left, first in first out. */
class Buffered {
  #leaving: { readonly bytes: number; readonly at: number }[] = []
  #first = 0
  bytes = 0

  get packets(): number {
    return this.#leaving.length - this.#first
  }

  add(bytes: number, leavesAt: number): void {
    this.#leaving.push({ bytes, at: leavesAt })
    this.bytes += bytes
  }

  /** Removes what has left at `now`. */
  release(now: number): void {
    for (let head = this.#leaving[this.#first]; head !== undefined && head.at <= now; ) {
      this.bytes -= head.bytes
      head = this.#leaving[++this.#first]
    }
    // Moving the rest only when it is the smaller half keeps the cost per packet constant.
    if (this.#first * 2 <= this.#leaving.length) return
    this.#leaving = this.#leaving.slice(this.#first)
    this.#first = 0
  }
}
