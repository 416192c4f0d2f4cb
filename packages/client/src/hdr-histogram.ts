import { deflateSync } from 'node:zlib'

// HdrHistogram's layout for three significant digits: https://github.com/HdrHistogram/HdrHistogram
const SIGNIFICANT_DIGITS = 3
const SUB_BUCKETS = 2_048
const SUB_BUCKET_BITS = 11
const HALF = SUB_BUCKETS / 2
/** Largest value: an hour in nanoseconds. Larger ones are recorded as this one. */
const HIGHEST = 3_600_000_000_000
const NS_PER_MS = 1_000_000
const HEADER_BYTES = 40
/** Cookies of the encoding V2, and of its compressed form. */
const COOKIE = 0x1c849303 | 0x10
const COMPRESSED_COOKIE = 0x1c849304 | 0x10
/** A count of 2^32 and a run of zeros fit. */
const COUNT_MAX_BYTES = 5

/**
 * Histogram of latencies in nanoseconds, 1 ns to 1 h, to three significant digits, with the
 * encoding that the log readers of HdrHistogram read. It takes 132 KiB.
 */
export class HdrHistogram {
  readonly #counts = new Uint32Array(indexOf(HIGHEST) + 1)
  #count = 0
  #limit = 0
  #maxMs = 0

  /** Number of latencies. */
  get count(): number {
    return this.#count
  }

  /** Largest latency, ms, as it was recorded; 0 if there is none. */
  get maxMs(): number {
    return this.#maxMs
  }

  add(latencyMs: number): void {
    const index = indexOf(Math.min(HIGHEST, Math.max(0, Math.round(latencyMs * NS_PER_MS))))
    this.#counts[index]!++
    this.#count++
    this.#limit = Math.max(this.#limit, index + 1)
    this.#maxMs = Math.max(this.#maxMs, latencyMs)
  }

  clear(): void {
    this.#counts.fill(0, 0, this.#limit)
    this.#count = 0
    this.#limit = 0
    this.#maxMs = 0
  }

  /** Returns the histogram in the encoding V2, compressed, in base 64. */
  encode(): string {
    const payload = this.#payload()
    const bytes = Buffer.alloc(HEADER_BYTES + payload.length)
    bytes.writeInt32BE(COOKIE, 0)
    bytes.writeInt32BE(payload.length, 4)
    bytes.writeInt32BE(0, 8) // offset of the index
    bytes.writeInt32BE(SIGNIFICANT_DIGITS, 12)
    bytes.writeBigInt64BE(1n, 16)
    bytes.writeBigInt64BE(BigInt(HIGHEST), 24)
    bytes.writeDoubleBE(1, 32) // ratio of values to integers
    payload.copy(bytes, HEADER_BYTES)
    const compressed = deflateSync(bytes)
    const head = Buffer.alloc(8)
    head.writeInt32BE(COMPRESSED_COOKIE, 0)
    head.writeInt32BE(compressed.length, 4)
    return Buffer.concat([head, compressed]).toString('base64')
  }

  /** Counts up to the largest value, as ZigZag LEB128; a negative one is a number of zeros. */
  #payload(): Buffer {
    const bytes = Buffer.alloc(this.#limit * COUNT_MAX_BYTES)
    let length = 0
    const write = (zigZag: number): void => {
      let rest = zigZag
      while (rest >= 0x80) {
        bytes[length++] = (rest % 0x80) | 0x80
        rest = Math.floor(rest / 0x80)
      }
      bytes[length++] = rest
    }
    for (let i = 0; i < this.#limit; ) {
      const count = this.#counts[i]!
      let zeros = 0
      while (i + zeros < this.#limit && this.#counts[i + zeros] === 0) zeros++
      if (zeros > 1) write(2 * zeros - 1)
      else write(2 * count)
      i += Math.max(1, zeros)
    }
    return bytes.subarray(0, length)
  }
}

/** Returns the place of a value: buckets of doubling width, each of 1,024 equal parts. */
function indexOf(value: number): number {
  const high = Math.floor(value / 0x1_0000_0000)
  const bits = high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(value)
  const bucket = Math.max(0, bits - SUB_BUCKET_BITS)
  return (bucket + 1) * HALF + Math.floor(value / 2 ** bucket) - HALF
}
