import { strict as assert } from 'node:assert'

/** What {@link checkStreamDecoder} needs to know of a decoder. */
export interface StreamDecoderCheck<T> {
  /**
   * Makes a fresh decoder: returns the function that takes the next chunk and calls `emit` for each
   * whole item.
   */
  readonly open: (emit: (item: T) => void) => (chunk: Uint8Array) => void
  /** Some items, whole. */
  readonly wire: Uint8Array
  /** What `wire` holds. */
  readonly expected: readonly T[]
  /** The beginning of one more item: it must not come out. */
  readonly incomplete: Uint8Array
}

/**
 * Overwrites each chunk after the decoder has seen it: an item must not depend on the chunk for
 * longer.
 */
const SCRUB = 0xee

/**
 * Checks that a decoder does not care how the stream is cut: the same items come out of it whole,
 * byte by byte, in two pieces cut anywhere, and with the beginning of another item behind. Throws
 * an AssertionError that names the cut.
 */
export function checkStreamDecoder<T>({ open, wire, expected, incomplete }: StreamDecoderCheck<T>): void {
  const check = (name: string, chunks: readonly Uint8Array[]): void => {
    const items: T[] = []
    const push = open((item) => items.push(item))
    for (const original of chunks) {
      const chunk = original.slice()
      push(chunk)
      chunk.fill(SCRUB)
    }
    assert.deepEqual(items, expected, name)
  }
  const longer = new Uint8Array(wire.length + incomplete.length)
  longer.set(wire)
  longer.set(incomplete, wire.length)
  check('whole', [wire])
  check('byte by byte', bytesOf(wire))
  for (let cut = 1; cut < wire.length; cut++) check(`cut at ${cut}`, [wire.subarray(0, cut), wire.subarray(cut)])
  check('trailing bytes', [longer])
  check('trailing bytes, byte by byte', bytesOf(longer))
}

function bytesOf(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))
}
