import { readU16, writeU16 } from '@fivetuple/packet'
import { MessageType } from './constants.js'
import { encodeMessage } from './message.js'

/** Encodes a ROUTE-REFRESH message (RFC 2918 §3). @param family AFI << 8 | SAFI */
export function encodeRouteRefresh(family: number): Uint8Array {
  const body = new Uint8Array(4)
  writeU16(body, 0, family >>> 8)
  body[3] = family & 0xff
  return encodeMessage(MessageType.ROUTE_REFRESH, body)
}

/**
 * Decodes a ROUTE-REFRESH body of at least four bytes: the requested address family, as AFI << 8 |
 * SAFI.
 */
export function decodeRouteRefresh(body: Uint8Array): number {
  return (readU16(body, 0) << 8) | body[3]!
}
