import { readU16, readU32, writeU16, writeU32 } from '@fivetuple/packet'
import {
  AFI_IPV4,
  AS_TRANS,
  BGP_VERSION,
  CAPABILITIES_PARAMETER,
  CapabilityCode,
  ErrorCode,
  MessageType,
  OpenSubcode,
  SAFI_UNICAST,
} from './constants.js'
import { type Decoded, decoded, undecodable } from './errors.js'
import { encodeMessage } from './message.js'

/** OPEN message (RFC 4271 §4.2) with the capabilities (RFC 5492) that are supported. */
export interface Open {
  /** AS of the sender: four octets if it has that capability (RFC 6793). */
  readonly as: number
  /** Proposed hold time, seconds: 0 or at least 3. */
  readonly holdTime: number
  /** BGP identifier, an unsigned 32-bit number, not 0. */
  readonly routerId: number
  readonly fourOctetAs: boolean
  readonly routeRefresh: boolean
  /**
   * Address families of the multiprotocol capability as AFI << 8 | SAFI; empty if the sender does
   * not have it.
   */
  readonly families: readonly number[]
}

/** AFI << 8 | SAFI of IPv4 unicast. */
export const IPV4_UNICAST = (AFI_IPV4 << 8) | SAFI_UNICAST

/** Encodes the OPEN that we send. */
export function encodeOpen(open: Open): Uint8Array {
  const capabilities: number[] = []
  for (const family of open.families)
    capabilities.push(CapabilityCode.MULTIPROTOCOL, 4, family >>> 16, (family >>> 8) & 0xff, 0, family & 0xff)
  if (open.routeRefresh) capabilities.push(CapabilityCode.ROUTE_REFRESH, 0)
  if (open.fourOctetAs) {
    const { as } = open
    capabilities.push(CapabilityCode.FOUR_OCTET_AS, 4, as >>> 24, (as >>> 16) & 0xff, (as >>> 8) & 0xff, as & 0xff)
  }
  const parameters = capabilities.length === 0 ? [] : [CAPABILITIES_PARAMETER, capabilities.length, ...capabilities]
  const body = new Uint8Array(10 + parameters.length)
  body[0] = BGP_VERSION
  writeU16(body, 1, open.as > 0xffff ? AS_TRANS : open.as)
  writeU16(body, 3, open.holdTime)
  writeU32(body, 5, open.routerId)
  body[9] = parameters.length
  body.set(parameters, 10)
  return encodeMessage(MessageType.OPEN, body)
}

/** Decodes the body of an OPEN. Errors are those of RFC 4271 §6.2. */
export function decodeOpen(body: Uint8Array): Decoded<Open> {
  const malformed = (why: string) => undecodable(ErrorCode.OPEN_MESSAGE, OpenSubcode.UNSPECIFIC, why)
  if (body.length < 10 || body.length !== 10 + body[9]!) return malformed('the parameters do not fill the message')
  if (body[0] !== BGP_VERSION)
    return undecodable(
      ErrorCode.OPEN_MESSAGE,
      OpenSubcode.UNSUPPORTED_VERSION,
      `version ${body[0]}`,
      new Uint8Array([0, BGP_VERSION]),
    )
  const holdTime = readU16(body, 3)
  if (holdTime === 1 || holdTime === 2)
    return undecodable(ErrorCode.OPEN_MESSAGE, OpenSubcode.UNACCEPTABLE_HOLD_TIME, `hold time ${holdTime} s`)
  const routerId = readU32(body, 5)
  if (routerId === 0)
    return undecodable(ErrorCode.OPEN_MESSAGE, OpenSubcode.BAD_BGP_IDENTIFIER, 'BGP identifier 0.0.0.0')
  let as = readU16(body, 1)
  let fourOctetAs = false
  let routeRefresh = false
  const families: number[] = []
  for (let o = 10; o < body.length; ) {
    if (body.length - o < 2 || o + 2 + body[o + 1]! > body.length)
      return malformed('a parameter is longer than the message')
    const end = o + 2 + body[o + 1]!
    if (body[o] !== CAPABILITIES_PARAMETER)
      return undecodable(ErrorCode.OPEN_MESSAGE, OpenSubcode.UNSUPPORTED_PARAMETER, `parameter ${body[o]}`)
    for (o += 2; o < end; ) {
      const length = body[o + 1] ?? 255
      if (o + 2 + length > end) return malformed('a capability is longer than its parameter')
      switch (body[o]) {
        case CapabilityCode.FOUR_OCTET_AS:
          if (length !== 4) return malformed('the four-octet AS capability is not four octets long')
          fourOctetAs = true
          as = readU32(body, o + 2)
          break
        case CapabilityCode.ROUTE_REFRESH:
          routeRefresh = true
          break
        case CapabilityCode.MULTIPROTOCOL:
          if (length !== 4) return malformed('the multiprotocol capability is not four octets long')
          families.push((readU16(body, o + 2) << 8) | body[o + 5]!)
          break
      }
      o += 2 + length
    }
  }
  if (as === 0) return undecodable(ErrorCode.OPEN_MESSAGE, OpenSubcode.BAD_PEER_AS, 'AS 0') // RFC 7607
  // RFC 5492 §3: a peer that lists its address families must have the one that we speak.
  if (families.length > 0 && !families.includes(IPV4_UNICAST))
    return undecodable(
      ErrorCode.OPEN_MESSAGE,
      OpenSubcode.UNSUPPORTED_CAPABILITY,
      'the peer does not have IPv4 unicast',
      new Uint8Array([CapabilityCode.MULTIPROTOCOL, 4, 0, AFI_IPV4, 0, SAFI_UNICAST]),
    )
  return decoded({ as, holdTime, routerId, fourOctetAs, routeRefresh, families })
}
