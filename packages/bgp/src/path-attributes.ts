import { readU32, writeU16, writeU32 } from '@fivetuple/packet'
import { type AsSegment, encodeAsPath } from './as-path.js'
import { AttributeFlag, AttributeType } from './constants.js'

/**
 * Path attributes (RFC 4271 §5) by which routes are selected. Immutable; shared by all prefixes of
 * an UPDATE.
 */
export interface PathAttributes {
  readonly origin: number
  readonly asPath: readonly AsSegment[]
  /** Address, an unsigned 32-bit number. */
  readonly nextHop: number
  /** MULTI_EXIT_DISC: the cost of the route. Missing means 0 (RFC 4271 §9.1.2.2 c). */
  readonly med: number | undefined
  /** LOCAL_PREF: not sent over eBGP, and ignored if received. */
  readonly localPref: number | undefined
  /** COMMUNITIES (RFC 1997), 32-bit values. */
  readonly communities: readonly number[]
}

/** Returns true if two sets of attributes are equal. */
export function sameAttributes(a: PathAttributes, b: PathAttributes): boolean {
  return (
    a === b ||
    (a.origin === b.origin &&
      a.nextHop === b.nextHop &&
      a.med === b.med &&
      a.localPref === b.localPref &&
      sameNumbers(a.communities, b.communities) &&
      a.asPath.length === b.asPath.length &&
      a.asPath.every(({ type, asns }, i) => type === b.asPath[i]!.type && sameNumbers(asns, b.asPath[i]!.asns)))
  )
}

/**
 * Encodes the attributes of an announcement in the order of their types (RFC 4271 §5). For a peer
 * without four-octet AS numbers, AS_TRANS replaces them in AS_PATH, and AS4_PATH carries them
 * (RFC 6793 §4.2.2).
 */
export function encodeAttributes(attributes: PathAttributes, fourOctetAs: boolean): Uint8Array {
  const { TRANSITIVE, OPTIONAL } = AttributeFlag
  const { origin, asPath, nextHop, med, localPref, communities } = attributes
  const parts: Uint8Array[] = [
    attribute(TRANSITIVE, AttributeType.ORIGIN, new Uint8Array([origin])),
    attribute(TRANSITIVE, AttributeType.AS_PATH, encodeAsPath(asPath, fourOctetAs)),
    attribute(TRANSITIVE, AttributeType.NEXT_HOP, longs([nextHop])),
  ]
  if (med !== undefined) parts.push(attribute(OPTIONAL, AttributeType.MULTI_EXIT_DISC, longs([med])))
  if (localPref !== undefined) parts.push(attribute(TRANSITIVE, AttributeType.LOCAL_PREF, longs([localPref])))
  if (communities.length > 0)
    parts.push(attribute(OPTIONAL | TRANSITIVE, AttributeType.COMMUNITIES, longs(communities)))
  if (!fourOctetAs && asPath.some(({ asns }) => asns.some((as) => as > 0xffff)))
    parts.push(attribute(OPTIONAL | TRANSITIVE, AttributeType.AS4_PATH, encodeAsPath(asPath, true)))
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let o = 0
  for (const part of parts) {
    all.set(part, o)
    o += part.length
  }
  return all
}

/** Decodes a list of 32-bit numbers. */
export function readLongs(b: Uint8Array): number[] {
  return Array.from({ length: b.length >>> 2 }, (_, i) => readU32(b, 4 * i))
}

function longs(values: readonly number[]): Uint8Array {
  const b = new Uint8Array(values.length * 4)
  for (const [i, value] of values.entries()) writeU32(b, 4 * i, value)
  return b
}

function attribute(flags: number, type: number, value: Uint8Array): Uint8Array {
  const extended = value.length > 255
  const b = new Uint8Array((extended ? 4 : 3) + value.length)
  b[0] = flags | (extended ? AttributeFlag.EXTENDED_LENGTH : 0)
  b[1] = type
  if (extended) writeU16(b, 2, value.length)
  else b[2] = value.length
  b.set(value, extended ? 4 : 3)
  return b
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
