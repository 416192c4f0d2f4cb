/**
 * Options of selective acknowledgment (RFC 2018) as functions over bytes; `o` is the offset of the
 * TCP header, unless stated otherwise.
 */
import { readU32, writeU32 } from './bytes.js'
import { TCP_HEADER_BYTES, tcpDataOffset } from './tcp-header.js'
import { TcpOptionKind, tcpOptionLength } from './tcp-options.js'

/** Most blocks of a SACK option: the space of a header without other options (RFC 2018 §3). */
export const SACK_BLOCKS_MAX = 4

/** Bytes of a SACK-permitted option with the two NOPs in front that align it. */
export const SACK_PERMITTED_BYTES = 4

const BLOCK_BYTES = 8

/** Returns the bytes that {@link writeSackOption} writes for 1 to 4 blocks. */
export function sackOptionBytes(blocks: number): number {
  return 4 + blocks * BLOCK_BYTES
}

/** Writes two NOPs and the SACK-permitted option at `o` (RFC 2018 §2). For SYNs only. */
export function writeSackPermitted(b: Uint8Array, o: number): void {
  b[o] = TcpOptionKind.NOP
  b[o + 1] = TcpOptionKind.NOP
  b[o + 2] = TcpOptionKind.SACK_PERMITTED
  b[o + 3] = 2
}

/**
 * Writes two NOPs and the SACK option at `o` (RFC 2018 §3), as Linux lays it out.
 * @param edges left and right edge of each block, 1 to 4 blocks
 */
export function writeSackOption(b: Uint8Array, o: number, edges: readonly number[]): void {
  b[o] = TcpOptionKind.NOP
  b[o + 1] = TcpOptionKind.NOP
  b[o + 2] = TcpOptionKind.SACK
  b[o + 3] = 2 + edges.length * 4
  let p = o + 4
  for (const edge of edges) {
    writeU32(b, p, edge)
    p += 4
  }
}

/** Returns true if the SYN whose whole TCP header starts at `o` permits SACK. */
export function hasSackPermitted(b: Uint8Array, o: number): boolean {
  return findOption(b, o, TcpOptionKind.SACK_PERMITTED) !== -1
}

/**
 * Reads the blocks of the segment whose whole TCP header starts at `o` into `edges`: left and right
 * edge of each, as signed numbers. Total: any bytes may be there.
 * @returns number of blocks, 0 to 4; 0 too if the length of the option is invalid
 */
export function readSackBlocks(b: Uint8Array, o: number, edges: number[]): number {
  const at = findOption(b, o, TcpOptionKind.SACK)
  if (at === -1) return 0
  const bytes = b[at + 1]! - 2
  const blocks = bytes / BLOCK_BYTES
  if (!Number.isInteger(blocks) || blocks > SACK_BLOCKS_MAX) return 0
  for (let i = 0; i < 2 * blocks; i++) edges[i] = readU32(b, at + 2 + 4 * i) | 0
  return blocks
}

/** Returns the offset of the first option of a kind; -1 if there is none. */
function findOption(b: Uint8Array, o: number, kind: number): number {
  const end = o + tcpDataOffset(b, o)
  let p = o + TCP_HEADER_BYTES
  for (let length = tcpOptionLength(b, p, end); length > 0; length = tcpOptionLength(b, p, end)) {
    if (b[p] === kind) return p
    p += length
  }
  return -1
}
