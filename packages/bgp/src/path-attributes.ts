import { readU16, readU32, writeU16, writeU32 } from '@fivetuple/packet'
import { AS_TRANS, AttributeFlag, AttributeType, ErrorCode, Origin, SegmentType, UpdateSubcode } from './constants.js'
import { type Decoded, decoded, undecodable } from './errors.js'

/** One segment of an AS_PATH. */
export interface AsSegment {
  readonly type: number
  readonly asns: readonly number[]
}

/** The path attributes (RFC 4271 §5) that routes are chosen by. Immutable; shared by all prefixes of an UPDATE. */
export interface PathAttributes {
  readonly origin: number
  readonly asPath: readonly AsSegment[]
  /** An address as an unsigned 32-bit number. */
  readonly nextHop: number
  /** MULTI_EXIT_DISC: the cost of the route. 0 when missing (RFC 4271 §9.1.2.2 c). */
  readonly med: number
  /** LOCAL_PREF; undefined over eBGP, where it is not sent. */
  readonly localPref: number | undefined
  /** COMMUNITIES (RFC 1997), 32-bit values. */
  readonly communities: readonly number[]
}

/** Attributes as received: complete, or with a fault that costs the routes and not the session (RFC 7606). */
export type ReceivedAttributes =
  | { readonly kind: 'usable'; readonly attributes: PathAttributes }
  | { readonly kind: 'treat-as-withdraw'; readonly why: string }

/** Length of an AS_PATH for comparison: a set counts as one (RFC 4271 §9.1.2.2 a). */
export function asPathLength(path: readonly AsSegment[]): number {
  return path.reduce((sum, { type, asns }) => sum + (type === SegmentType.AS_SET ? 1 : asns.length), 0)
}

/** Encodes the attributes of an announcement; four-octet AS numbers only when the peer can read them (RFC 6793 §4.2.2). */
export function encodeAttributes(attributes: PathAttributes, fourOctetAs: boolean): Uint8Array {
  const { TRANSITIVE, OPTIONAL } = AttributeFlag
  const parts: Uint8Array[] = [
    attribute(TRANSITIVE, AttributeType.ORIGIN, new Uint8Array([attributes.origin])),
    attribute(TRANSITIVE, AttributeType.AS_PATH, encodeAsPath(attributes.asPath, fourOctetAs)),
    attribute(TRANSITIVE, AttributeType.NEXT_HOP, longs([attributes.nextHop])),
  ]
  if (attributes.med !== 0) parts.push(attribute(OPTIONAL, AttributeType.MULTI_EXIT_DISC, longs([attributes.med])))
  if (attributes.localPref !== undefined)
    parts.push(attribute(TRANSITIVE, AttributeType.LOCAL_PREF, longs([attributes.localPref])))
  if (attributes.communities.length > 0)
    parts.push(attribute(OPTIONAL | TRANSITIVE, AttributeType.COMMUNITIES, longs(attributes.communities)))
  if (!fourOctetAs && attributes.asPath.some(({ asns }) => asns.some((as) => as > 0xffff)))
    parts.push(attribute(OPTIONAL | TRANSITIVE, AttributeType.AS4_PATH, encodeAsPath(attributes.asPath, true)))
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let o = 0
  for (const part of parts) {
    all.set(part, o)
    o += part.length
  }
  return all
}

/**
 * Decodes `b[start, end)`. A list that can't be walked is an error that ends the session; a bad attribute within it makes
 * the UPDATE's routes count as withdrawn, or is passed over (RFC 7606 §3, §7).
 */
export function decodeAttributes(
  b: Uint8Array,
  start: number,
  end: number,
  fourOctetAs: boolean,
): Decoded<ReceivedAttributes> {
  const seen = new Map<number, Uint8Array>()
  let fault: string | undefined
  for (let o = start; o < end; ) {
    const flags = b[o]!
    const extended = (flags & AttributeFlag.EXTENDED_LENGTH) !== 0
    const valueAt = o + (extended ? 4 : 3)
    const length = valueAt <= end ? (extended ? readU16(b, o + 2) : b[o + 2]!) : end
    if (valueAt + length > end)
      return undecodable(
        ErrorCode.UPDATE_MESSAGE,
        UpdateSubcode.MALFORMED_ATTRIBUTE_LIST,
        'an attribute is longer than the list',
      )
    const type = b[o + 1]!
    const value = b.subarray(valueAt, valueAt + length)
    if (!hasRightFlags(type, flags)) fault ??= `attribute ${type} has flags 0x${flags.toString(16)}`
    else if (!isKnown(type) && (flags & AttributeFlag.OPTIONAL) === 0)
      fault ??= `attribute ${type} is well-known but not to us`
    else if (!seen.has(type)) seen.set(type, value) // RFC 7606 §3 g: the first of several counts
    o = valueAt + length
  }
  if (fault !== undefined) return decoded({ kind: 'treat-as-withdraw', why: fault })
  return decoded(assemble(seen, fourOctetAs))
}

function assemble(seen: ReadonlyMap<number, Uint8Array>, fourOctetAs: boolean): ReceivedAttributes {
  const withdraw = (why: string): ReceivedAttributes => ({ kind: 'treat-as-withdraw', why })
  const origin = seen.get(AttributeType.ORIGIN)
  const path = seen.get(AttributeType.AS_PATH)
  const nextHop = seen.get(AttributeType.NEXT_HOP)
  const med = seen.get(AttributeType.MULTI_EXIT_DISC)
  const localPref = seen.get(AttributeType.LOCAL_PREF)
  const communities = seen.get(AttributeType.COMMUNITIES)
  if (origin === undefined || path === undefined || nextHop === undefined)
    return withdraw('ORIGIN, AS_PATH or NEXT_HOP is missing')
  if (origin.length !== 1 || origin[0]! > Origin.INCOMPLETE) return withdraw('ORIGIN is invalid')
  const announcedPath = decodeAsPath(path, fourOctetAs)
  if (announcedPath === undefined) return withdraw('AS_PATH is malformed')
  if (nextHop.length !== 4) return withdraw('NEXT_HOP is not four octets long')
  if (med !== undefined && med.length !== 4) return withdraw('MULTI_EXIT_DISC is not four octets long')
  if (localPref !== undefined && localPref.length !== 4) return withdraw('LOCAL_PREF is not four octets long')
  if (communities !== undefined && (communities.length === 0 || communities.length % 4 !== 0))
    return withdraw('COMMUNITIES is no list of 32-bit values')
  const as4Path = seen.get(AttributeType.AS4_PATH)
  const asPath =
    fourOctetAs || as4Path === undefined ? announcedPath : mergeAs4Path(announcedPath, decodeAsPath(as4Path, true))
  return {
    kind: 'usable',
    attributes: {
      origin: origin[0]!,
      asPath,
      nextHop: readU32(nextHop, 0),
      med: med === undefined ? 0 : readU32(med, 0),
      localPref: localPref === undefined ? undefined : readU32(localPref, 0),
      communities:
        communities === undefined
          ? []
          : Array.from({ length: communities.length / 4 }, (_, i) => readU32(communities, 4 * i)),
    },
  }
}

function isKnown(type: number): boolean {
  return KNOWN_FLAGS[type] !== undefined
}

const { OPTIONAL, TRANSITIVE } = AttributeFlag
/** Category of each attribute that we know (RFC 4271 §4.3, §5). */
const KNOWN_FLAGS: Readonly<Record<number, number>> = {
  [AttributeType.ORIGIN]: TRANSITIVE,
  [AttributeType.AS_PATH]: TRANSITIVE,
  [AttributeType.NEXT_HOP]: TRANSITIVE,
  [AttributeType.MULTI_EXIT_DISC]: OPTIONAL,
  [AttributeType.LOCAL_PREF]: TRANSITIVE,
  [AttributeType.ATOMIC_AGGREGATE]: TRANSITIVE,
  [AttributeType.AGGREGATOR]: OPTIONAL | TRANSITIVE,
  [AttributeType.COMMUNITIES]: OPTIONAL | TRANSITIVE,
  [AttributeType.AS4_PATH]: OPTIONAL | TRANSITIVE,
  [AttributeType.AS4_AGGREGATOR]: OPTIONAL | TRANSITIVE,
}

function hasRightFlags(type: number, flags: number): boolean {
  const known = KNOWN_FLAGS[type]
  return known === undefined || (flags & (OPTIONAL | TRANSITIVE)) === known
}

/** RFC 6793 §4.2.3: the four-octet path replaces the tail of the two-octet one, unless it is the longer of the two. */
function mergeAs4Path(path: readonly AsSegment[], as4Path: readonly AsSegment[] | undefined): readonly AsSegment[] {
  if (as4Path === undefined) return path
  let lead = asPathLength(path) - asPathLength(as4Path)
  if (lead < 0) return path
  const head: AsSegment[] = []
  for (const { type, asns } of path) {
    if (lead === 0) break
    const take = type === SegmentType.AS_SET ? asns : asns.slice(0, lead)
    head.push({ type, asns: take })
    lead -= type === SegmentType.AS_SET ? 1 : take.length
  }
  return [...head, ...as4Path]
}

function encodeAsPath(path: readonly AsSegment[], fourOctetAs: boolean): Uint8Array {
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

function decodeAsPath(b: Uint8Array, fourOctetAs: boolean): AsSegment[] | undefined {
  const width = fourOctetAs ? 4 : 2
  const path: AsSegment[] = []
  for (let o = 0; o < b.length; ) {
    const type = b[o]!
    const count = b[o + 1] ?? 0
    const end = o + 2 + count * width
    if (count === 0 || end > b.length || (type !== SegmentType.AS_SET && type !== SegmentType.AS_SEQUENCE))
      return undefined
    const asns: number[] = []
    for (o += 2; o < end; o += width) asns.push(fourOctetAs ? readU32(b, o) : readU16(b, o))
    path.push({ type, asns })
  }
  return path
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

function longs(values: readonly number[]): Uint8Array {
  const b = new Uint8Array(values.length * 4)
  values.forEach((value, i) => {
    writeU32(b, 4 * i, value)
  })
  return b
}
