import { strict as assert } from 'node:assert'

/** Decoder under test, with its input and the expected items. */
export interface StreamDecoderCheck<T> {
  /**
   * Creates a decoder. Returns the function that takes the next chunk and calls `emit` for each
   * complete item.
   */
  readonly open: (emit: (item: T) => void) => (chunk: Uint8Array) => void
  /** Encoded items, complete. */
  readonly wire: Uint8Array
  /** Items in `wire`. */
  readonly expected: readonly T[]
  /** Beginning of one more item, which must not be emitted. */
  readonly incomplete: Uint8Array
}

/**
 * Byte that overwrites each chunk after the decoder has read it: an item must not refer to the
 * chunk any longer.
 */
const SCRUB = 0xee

/**
 * Checks that a decoder emits the same items however the stream is cut: whole, byte by byte, in two
 * pieces cut anywhere, and followed by the beginning of another item. Throws an AssertionError that
 * names the cut.
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
