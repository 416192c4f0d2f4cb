import { type Prefix, readU16, readU32 } from '@fivetuple/packet'
import { AFI_IPV4, ErrorCode, SAFI_UNICAST, UpdateSubcode } from './constants.js'
import { type Decoded, decoded, undecodable } from './errors.js'
import { readNlri } from './nlri.js'

/** Announcement in MP_REACH_NLRI (RFC 4760 §3), for IPv4 unicast. */
export interface MultiprotocolReach {
  /** Address, an unsigned 32-bit number. */
  readonly nextHop: number
  readonly prefixes: readonly Prefix[]
}

/**
 * Decodes MP_REACH_NLRI. Returns undefined if it is about another address family, which is ignored.
 */
export function decodeMultiprotocolReach(b: Uint8Array): Decoded<MultiprotocolReach | undefined> {
  if (b.length < 5) return bad('MP_REACH_NLRI is too short')
  if (!isIpv4Unicast(b)) return decoded(undefined)
  // RFC 7606 §7.11: without a next hop of valid length the prefixes can't be located.
  if (b[3] !== 4 || b.length < 9) return bad('MP_REACH_NLRI has no IPv4 next hop')
  const prefixes = readNlri(b, 9, b.length)
  return prefixes === undefined
    ? bad('MP_REACH_NLRI holds no IPv4 prefixes')
    : decoded({ nextHop: readU32(b, 4), prefixes })
}

/** Decodes MP_UNREACH_NLRI (RFC 4760 §4): the IPv4 unicast prefixes that it withdraws. */
export function decodeMultiprotocolUnreach(b: Uint8Array): Decoded<readonly Prefix[]> {
  if (b.length < 3) return bad('MP_UNREACH_NLRI is too short')
  if (!isIpv4Unicast(b)) return decoded([])
  const prefixes = readNlri(b, 3, b.length)
  return prefixes === undefined ? bad('MP_UNREACH_NLRI holds no IPv4 prefixes') : decoded(prefixes)
}

function isIpv4Unicast(b: Uint8Array): boolean {
  return readU16(b, 0) === AFI_IPV4 && b[2] === SAFI_UNICAST
}

/**
 * RFC 7606 §3 j: prefixes that can't be decoded can't be treated as withdrawn, so the session ends.
 */
function bad(why: string): Decoded<never> {
  return undecodable(ErrorCode.UPDATE_MESSAGE, UpdateSubcode.OPTIONAL_ATTRIBUTE, why)
}
