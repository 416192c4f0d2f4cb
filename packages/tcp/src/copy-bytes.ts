/**
 * Largest copy for which a loop is not slower than a native copy, which needs a view of the source.
 */
const LOOP_MAX_BYTES = 96

/** Copies `length` bytes of `from` at `start` to `to` at `at`. */
export function copyBytes(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  if (length <= LOOP_MAX_BYTES) for (let i = 0; i < length; i++) to[at + i] = from[start + i]!
  else to.set(start === 0 && length === from.length ? from : from.subarray(start, start + length), at)
}
