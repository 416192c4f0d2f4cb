import { Readable } from 'node:stream'

const CHUNK_BYTES = 64 * 1024

/**
 * Creates a stream of exactly `length` bytes that look random and are the same each time, so that
 * digests can be compared. One block of 64 KiB is made once. Each further chunk is that block with
 * its number in its first four bytes.
 */
export function pseudoRandomBytes(length: number): Readable {
  const block = makeBlock()
  return Readable.from(chunks(block, length), { objectMode: false, highWaterMark: CHUNK_BYTES })
}

function* chunks(block: Buffer, length: number): Generator<Buffer> {
  for (let at = 0, n = 0; at < length; at += CHUNK_BYTES, n++) {
    const chunk = Buffer.from(block.subarray(0, Math.min(CHUNK_BYTES, length - at)))
    if (chunk.length >= 4) chunk.writeUInt32BE(n)
    yield chunk
  }
}

/** Makes the block, by xorshift32 from a fixed seed. */
function makeBlock(): Buffer {
  const block = Buffer.allocUnsafe(CHUNK_BYTES)
  let x = 0x9e3779b9
  for (let i = 0; i < CHUNK_BYTES; i += 4) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    block.writeInt32BE(x, i)
  }
  return block
}
