import { formatIpv4, type Ipv4Address, parseIpv4 } from './address.js'

/** An IPv4 prefix. Bits of `address` beyond `length` are zero. */
export interface Prefix {
  readonly address: Ipv4Address
  /** 0 to 32 */
  readonly length: number
}

/** The netmask of a prefix length of 0 to 32. @example prefixMask(24) // 0xffffff00 */
export function prefixMask(length: number): number {
  return length === 0 ? 0 : (0xffffffff << (32 - length)) >>> 0
}

/** Returns the prefix of a length around an address: host bits are cleared. */
export function prefixOf(address: Ipv4Address, length: number): Prefix {
  return { address: (address & prefixMask(length)) >>> 0, length }
}

/** The /32 of one address. */
export function hostPrefix(address: Ipv4Address): Prefix {
  return { address, length: 32 }
}

/**
 * Parses CIDR notation; a bare address is its /32.
 * @returns the prefix, or undefined when the text is no prefix or has bits set beyond its length.
 * @example parsePrefix('127.20.10.0/24') // { address: 0x7f140a00, length: 24 }
 */
export function parsePrefix(text: string): Prefix | undefined {
  const [host, bits, ...rest] = text.split('/')
  const address = parseIpv4(host ?? '')
  if (address === undefined || rest.length > 0) return undefined
  if (bits === undefined) return hostPrefix(address)
  if (!/^(0|[1-9]\d?)$/.test(bits)) return undefined
  const length = Number(bits)
  if (length > 32 || (address & ~prefixMask(length)) !== 0) return undefined
  return { address, length }
}

/** Formats a prefix in CIDR notation. */
export function formatPrefix(prefix: Prefix): string {
  return `${formatIpv4(prefix.address)}/${prefix.length}`
}

/** Returns true if `address` lies inside `prefix`. */
export function prefixContains(prefix: Prefix, address: Ipv4Address): boolean {
  return ((address ^ prefix.address) & prefixMask(prefix.length)) === 0
}

/** Returns true if `inner` is `outer` or a more specific prefix inside it. */
export function prefixCovers(outer: Prefix, inner: Prefix): boolean {
  return inner.length >= outer.length && prefixContains(outer, inner.address)
}
