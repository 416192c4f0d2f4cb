import { type Prefix, readU16, readU32 } from '@fivetuple/packet'
import { type AsSegment, decodeAsPath, mergeAs4Path } from './as-path.js'
import { AS_TRANS, AttributeFlag, AttributeType, ErrorCode, Origin, UpdateSubcode } from './constants.js'
import { type Decoded, decoded, undecodable } from './errors.js'
import { decodeMultiprotocolReach, decodeMultiprotocolUnreach, type MultiprotocolReach } from './multiprotocol.js'
import { readLongs } from './path-attributes.js'

/**
 * Attributes of one UPDATE as received: some may be missing, and some may be malformed (RFC 7606).
 */
export interface ReceivedAttributes {
  readonly origin: number | undefined
  readonly asPath: readonly AsSegment[] | undefined
  readonly nextHop: number | undefined
  readonly med: number | undefined
  readonly localPref: number | undefined
  readonly communities: readonly number[]
  /** IPv4 unicast prefixes in MP_REACH_NLRI. */
  readonly reach: MultiprotocolReach | undefined
  /** IPv4 unicast prefixes in MP_UNREACH_NLRI. */
  readonly unreach: readonly Prefix[]
  /** True if there is an MP_REACH_NLRI, of any address family. */
  readonly hasReach: boolean
  /** Reason why the routes of the UPDATE count as withdrawn; undefined if they do not. */
  readonly fault: string | undefined
}

interface Rule {
  /** Required values of OPTIONAL and TRANSITIVE (RFC 4271 §4.3, §5). */
  readonly flags: number
  /**
   * Effect of a malformed attribute: the routes are withdrawn, or only the attribute is discarded
   * (RFC 7606 §3, §7).
   */
  readonly malformed: 'withdraw' | 'discard'
  readonly fits: (length: number, fourOctetAs: boolean) => boolean
}

const { OPTIONAL, TRANSITIVE } = AttributeFlag
const RULES: Readonly<Record<number, Rule>> = {
  [AttributeType.ORIGIN]: { flags: TRANSITIVE, malformed: 'withdraw', fits: (n) => n === 1 },
  [AttributeType.AS_PATH]: { flags: TRANSITIVE, malformed: 'withdraw', fits: () => true },
  [AttributeType.NEXT_HOP]: { flags: TRANSITIVE, malformed: 'withdraw', fits: (n) => n === 4 },
  [AttributeType.MULTI_EXIT_DISC]: { flags: OPTIONAL, malformed: 'withdraw', fits: (n) => n === 4 },
  // RFC 7606 §7.5: discarded if received from an external peer, whatever its value.
  [AttributeType.LOCAL_PREF]: { flags: TRANSITIVE, malformed: 'discard', fits: (n) => n === 4 },
  [AttributeType.ATOMIC_AGGREGATE]: { flags: TRANSITIVE, malformed: 'discard', fits: (n) => n === 0 },
  [AttributeType.AGGREGATOR]: {
    flags: OPTIONAL | TRANSITIVE,
    malformed: 'discard',
    fits: (n, fourOctetAs) => n === (fourOctetAs ? 8 : 6),
  },
  [AttributeType.COMMUNITIES]: {
    flags: OPTIONAL | TRANSITIVE,
    malformed: 'withdraw',
    fits: (n) => n > 0 && n % 4 === 0,
  },
  [AttributeType.MP_REACH_NLRI]: { flags: OPTIONAL, malformed: 'withdraw', fits: () => true },
  [AttributeType.MP_UNREACH_NLRI]: { flags: OPTIONAL, malformed: 'withdraw', fits: () => true },
  // RFC 6793 §6.
  [AttributeType.AS4_PATH]: { flags: OPTIONAL | TRANSITIVE, malformed: 'discard', fits: () => true },
  [AttributeType.AS4_AGGREGATOR]: { flags: OPTIONAL | TRANSITIVE, malformed: 'discard', fits: (n) => n === 8 },
}

/** Decodes the path attributes in `b[start, end)`. An error is one that ends the session. */
export function decodeAttributes(
  b: Uint8Array,
  start: number,
  end: number,
  fourOctetAs: boolean,
): Decoded<ReceivedAttributes> {
  const seen = new Map<number, Uint8Array>()
  const faulty = new Set<number>()
  let fault: string | undefined
  for (let o = start; o < end; ) {
    const flags = b[o]!
    const extended = (flags & AttributeFlag.EXTENDED_LENGTH) !== 0
    const valueAt = o + (extended ? 4 : 3)
    const length = valueAt > end ? end : extended ? readU16(b, o + 2) : b[o + 2]!
    const next = valueAt + length
    if (next > end) {
      fault ??= 'an attribute is longer than the list' // RFC 7606 §4
      break
    }
    const type = b[o + 1]!
    const rule = RULES[type]
    const whole = b.subarray(o, next)
    o = next
    if (rule === undefined) {
      // RFC 4271 §6.3: only optional attributes may be unknown.
      if ((flags & OPTIONAL) !== 0) continue
      const why = `attribute ${type} is well-known but not to us`
      return undecodable(ErrorCode.UPDATE_MESSAGE, UpdateSubcode.UNRECOGNIZED_WELL_KNOWN, why, whole.slice())
    }
    if (seen.has(type) || faulty.has(type)) {
      // RFC 7606 §3 g: the first one counts. These two may occur only once.
      if (type === AttributeType.MP_REACH_NLRI || type === AttributeType.MP_UNREACH_NLRI)
        return malformedList(`attribute ${type} comes twice`)
      continue
    }
    const flagsFit = (flags & (OPTIONAL | TRANSITIVE)) === rule.flags
    if (flagsFit && rule.fits(length, fourOctetAs)) {
      seen.set(type, b.subarray(valueAt, next))
      continue
    }
    if (rule.malformed === 'discard') {
      faulty.add(type)
      continue
    }
    fault ??= `attribute ${type} has flags 0x${flags.toString(16)} and ${length} bytes`
    // Its prefixes are needed to treat them as withdrawn.
    if (type === AttributeType.MP_REACH_NLRI || type === AttributeType.MP_UNREACH_NLRI)
      seen.set(type, b.subarray(valueAt, next))
    else faulty.add(type)
  }
  return interpret(seen, fault, fourOctetAs)
}

function interpret(
  seen: ReadonlyMap<number, Uint8Array>,
  listFault: string | undefined,
  fourOctetAs: boolean,
): Decoded<ReceivedAttributes> {
  let fault = listFault
  const originValue = seen.get(AttributeType.ORIGIN)?.[0]
  if (originValue !== undefined && originValue > Origin.INCOMPLETE) fault ??= `ORIGIN is ${originValue}`
  const pathBytes = seen.get(AttributeType.AS_PATH)
  const asPath = pathBytes && readAsPath(pathBytes, seen, fourOctetAs)
  if (pathBytes !== undefined && asPath === undefined) fault ??= 'AS_PATH is malformed'
  const reachBytes = seen.get(AttributeType.MP_REACH_NLRI)
  const reach = reachBytes && decodeMultiprotocolReach(reachBytes)
  if (reach !== undefined && !reach.ok) return reach
  const unreachBytes = seen.get(AttributeType.MP_UNREACH_NLRI)
  const unreach = unreachBytes && decodeMultiprotocolUnreach(unreachBytes)
  if (unreach !== undefined && !unreach.ok) return unreach
  const nextHop = readLong(seen.get(AttributeType.NEXT_HOP))
  for (const address of [nextHop, reach?.value?.nextHop])
    if (address !== undefined && !isHostAddress(address)) fault ??= 'the next hop is no host address'
  const communities = seen.get(AttributeType.COMMUNITIES)
  return decoded({
    origin: originValue,
    asPath,
    nextHop,
    med: readLong(seen.get(AttributeType.MULTI_EXIT_DISC)),
    localPref: readLong(seen.get(AttributeType.LOCAL_PREF)),
    communities: communities === undefined ? [] : readLongs(communities),
    reach: reach?.value,
    unreach: unreach?.value ?? [],
    hasReach: reachBytes !== undefined,
    fault,
  })
}

/** RFC 6793 §4.2.3: the path from a router with two-octet AS numbers is completed from AS4_PATH. */
function readAsPath(
  bytes: Uint8Array,
  seen: ReadonlyMap<number, Uint8Array>,
  fourOctetAs: boolean,
): readonly AsSegment[] | undefined {
  const path = decodeAsPath(bytes, fourOctetAs)
  const as4Bytes = seen.get(AttributeType.AS4_PATH)
  if (path === undefined || fourOctetAs || as4Bytes === undefined) return path
  // A router on the path has aggregated without support for AS4_PATH, which no longer fits.
  const aggregator = seen.get(AttributeType.AGGREGATOR)
  if (aggregator !== undefined && readU16(aggregator, 0) !== AS_TRANS) return path
  const as4Path = decodeAsPath(as4Bytes, true)
  return as4Path === undefined ? path : mergeAs4Path(path, as4Path)
}

function readLong(value: Uint8Array | undefined): number | undefined {
  return value && readU32(value, 0)
}

/** RFC 4271 §6.3 on NEXT_HOP: not "this network", not multicast or above. */
function isHostAddress(address: number): boolean {
  return address >= 0x0100_0000 && address < 0xe000_0000
}

function malformedList(why: string): Decoded<never> {
  return undecodable(ErrorCode.UPDATE_MESSAGE, UpdateSubcode.MALFORMED_ATTRIBUTE_LIST, why)
}
