/** An IPv4 address as an unsigned 32-bit number in host order: 127.0.0.1 is 0x7f000001. */
export type Ipv4Address = number

const DOT = 0x2e
const ZERO = 0x30

/**
 * Parses a dotted quad. A switch calls it for each connection that it accepts.
 *
 * @returns the address, or undefined unless `text` is exactly four decimal octets without leading
 * zeros (RFC 6943 §3.1.1: the looser forms of inet_aton are ambiguous and refused).
 * @example parseIpv4('127.0.0.1') // 0x7f000001
 */
export function parseIpv4(text: string): Ipv4Address | undefined {
  let address = 0
  let octet = -1 // no digit read yet
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      if (octet < 0 || ++dots > 3) return undefined
      address = address * 256 + octet
      octet = -1
      continue
    }
    const digit = code - ZERO
    if (digit < 0 || digit > 9 || octet === 0) return undefined
    octet = octet < 0 ? digit : octet * 10 + digit
    if (octet > 255) return undefined
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : undefined
}

/**
 * Formats an address as a dotted quad.
 * @example formatIpv4(0x7f000001) // '127.0.0.1'
 */
export function formatIpv4(address: Ipv4Address): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** An address and a port, as in `127.20.10.1:8080`. Ports are 0 to 65535. */
export interface Endpoint {
  readonly address: Ipv4Address
  readonly port: number
}

/**
 * Parses `address:port`.
 * @returns the endpoint, or undefined unless `text` is a dotted quad, a colon and a decimal port of
 * 0 to 65535.
 * @example parseEndpoint('127.20.10.1:8080') // { address: 0x7f140a01, port: 8080 }
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return undefined
  const address = parseIpv4(text.slice(0, colon))
  const digits = text.slice(colon + 1)
  if (address === undefined || !/^(0|[1-9]\d{0,4})$/.test(digits)) return undefined
  const port = Number(digits)
  return port <= 65_535 ? { address, port } : undefined
}

/** Formats an endpoint as `address:port`. */
export function formatEndpoint(address: Ipv4Address, port: number): string {
  return `${formatIpv4(address)}:${port}`
}
