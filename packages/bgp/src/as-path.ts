import { readU16, readU32, writeU16, writeU32 } from '@fivetuple/packet'
import { AS_TRANS, SegmentType } from './constants.js'

/** Segment of an AS_PATH (RFC 4271 §4.3): a sequence or a set of 1 to 255 AS numbers. */
export interface AsSegment {
  readonly type: number
  readonly asns: readonly number[]
}

/** Returns the length of an AS_PATH for comparison: a set counts as one (RFC 4271 §9.1.2.2 a). */
export function asPathLength(path: readonly AsSegment[]): number {
  return path.reduce((sum, segment) => sum + segmentLength(segment), 0)
}

/**
 * Returns the leftmost AS of a path, which has announced it; undefined if the path is empty or
 * begins with a set.
 */
export function firstAs([first]: readonly AsSegment[]): number | undefined {
  return first?.type === SegmentType.AS_SEQUENCE ? first.asns[0] : undefined
}

/**
 * Encodes an AS_PATH. With two octets per AS, AS_TRANS replaces numbers that do not fit
 * (RFC 6793 §4.2.2).
 */
export function encodeAsPath(path: readonly AsSegment[], fourOctetAs: boolean): Uint8Array {
  const width = fourOctetAs ? 4 : 2
  const b = new Uint8Array(path.reduce((sum, { asns }) => sum + 2 + asns.length * width, 0))
  let o = 0
  for (const { type, asns } of path) {
    b[o] = type
    b[o + 1] = asns.length
    o += 2
    for (const as of asns) {
      if (fourOctetAs) writeU32(b, o, as)
      else writeU16(b, o, as > 0xffff ? AS_TRANS : as)
      o += width
    }
  }
  return b
}

/**
 * Decodes an AS_PATH. Returns undefined if it is malformed (RFC 7606 §7.2) or has AS 0 in it
 * (RFC 7607 §2).
 */
export function decodeAsPath(b: Uint8Array, fourOctetAs: boolean): AsSegment[] | undefined {
  const width = fourOctetAs ? 4 : 2
  const path: AsSegment[] = []
  for (let o = 0; o < b.length; ) {
    const type = b[o]!
    const count = b[o + 1] ?? 0
    const end = o + 2 + count * width
    if (count === 0 || end > b.length || (type !== SegmentType.AS_SET && type !== SegmentType.AS_SEQUENCE))
      return undefined
    const asns: number[] = []
    for (o += 2; o < end; o += width) {
      const as = fourOctetAs ? readU32(b, o) : readU16(b, o)
      if (as === 0) return undefined
      asns.push(as)
    }
    path.push({ type, asns })
  }
  return path
}

/**
 * Restores the path that a router with two-octet AS numbers has passed on: AS4_PATH replaces the
 * tail of AS_PATH of the same length. If AS4_PATH is the longer of the two, it is ignored
 * (RFC 6793 §4.2.3).
 */
export function mergeAs4Path(path: readonly AsSegment[], as4Path: readonly AsSegment[]): readonly AsSegment[] {
  let lead = asPathLength(path) - asPathLength(as4Path)
  if (lead < 0) return path
  const head: AsSegment[] = []
  for (const segment of path) {
    if (lead === 0) break
    const { type, asns } = segment
    head.push(type === SegmentType.AS_SET ? segment : { type, asns: asns.slice(0, lead) })
    lead = Math.max(lead - segmentLength(segment), 0)
  }
  return [...head, ...as4Path]
}

function segmentLength({ type, asns }: AsSegment): number {
  return type === SegmentType.AS_SET ? 1 : asns.length
}
