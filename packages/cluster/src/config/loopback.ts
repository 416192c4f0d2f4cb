import { parseIpv4 } from '@fivetuple/packet'

/** True if a dotted quad is in 127.0.0.0/8. */
export function isLoopback(address: string): boolean {
  const value = parseIpv4(address)
  return value !== undefined && value >>> 24 === 127
}

/**
 * True if a dotted quad is an ordinary unicast address: not of 0/8, not multicast, not reserved
 * (RFC 6890).
 */
export function isUnicast(address: string): boolean {
  const first = (parseIpv4(address) ?? 0) >>> 24
  return first >= 1 && first <= 223
}
