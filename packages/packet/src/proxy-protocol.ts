/**
 * PROXY protocol, version 2 (HAProxy's proxy-protocol.txt, §2.2): what a proxy writes in front of a
 * connection's bytes to name the client to the server.
 *
 * Supported: both commands; TCP and UDP over IPv4, in and out; other known families are read and
 * their addresses passed over, and so are all TLVs. Not supported: version 1, checking the CRC32C
 * TLV.
 */
import type { Endpoint } from './address.js'
import { readU16, readU32, writeU16, writeU32 } from './bytes.js'

/** The first twelve bytes of each header; no text protocol begins so. */
export const PROXY_SIGNATURE: readonly number[] = [
  0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a,
]
/** Signature, version and command, family and transport, length of the rest. */
const FIXED_BYTES = 16
const IPV4_ADDRESSES_BYTES = 12
/** Length of a header of {@link encodeProxyHeader} that names a client. */
export const PROXY_HEADER_BYTES = FIXED_BYTES + IPV4_ADDRESSES_BYTES

const VERSION_2 = 0x20
const LOCAL = 0x0
const PROXY = 0x1
const TCP_OVER_IPV4 = 0x11
/** Bytes of both addresses and ports, by address family: UNSPEC, IPv4, IPv6, UNIX. */
const ADDRESSES_BYTES = [0, IPV4_ADDRESSES_BYTES, 36, 216]
/** UNSPEC, STREAM and DGRAM are assigned. */
const TRANSPORT_MAX = 2
const UNSPEC = 0

/** Client of a connection. */
export interface ProxyHeader {
  /**
   * `local`: the proxy itself is the client (a health check), so the connection's own endpoints
   * count.
   */
  readonly command: 'local' | 'proxy'
  /**
   * undefined for `local`, and where the family has no IPv4 addresses: then too the connection's
   * own ends count.
   */
  readonly source: Endpoint | undefined
  readonly destination: Endpoint | undefined
}

/** Result of {@link readProxyHeader}. */
export type ProxyHeaderReading =
  | { readonly kind: 'header'; readonly header: ProxyHeader; readonly end: number }
  /** Valid so far; `wanted` bytes in total are needed to continue. */
  | { readonly kind: 'incomplete'; readonly wanted: number }
  /** These bytes are no header of version 2. */
  | { readonly kind: 'absent' }
  /** The signature is followed by invalid bytes: the connection must be dropped. */
  | { readonly kind: 'malformed'; readonly reason: string }

/**
 * The header of a connection from `source` to `destination` (TCP over IPv4), or without them that
 * of a connection that the proxy makes on its own account (LOCAL, family UNSPEC).
 */
export function encodeProxyHeader(source?: Endpoint, destination?: Endpoint): Uint8Array {
  const isProxied = source !== undefined && destination !== undefined
  const b = new Uint8Array(isProxied ? PROXY_HEADER_BYTES : FIXED_BYTES)
  b.set(PROXY_SIGNATURE)
  b[12] = VERSION_2 | (isProxied ? PROXY : LOCAL)
  if (!isProxied) return b
  b[13] = TCP_OVER_IPV4
  writeU16(b, 14, IPV4_ADDRESSES_BYTES)
  writeU32(b, 16, source.address)
  writeU32(b, 20, destination.address)
  writeU16(b, 24, source.port)
  writeU16(b, 26, destination.port)
  return b
}

/**
 * Reads a header at `b[start, end)`. Total: any bytes are handled. A header is at most 65,551 bytes
 * long by its length field, so waiting for one takes no more memory.
 */
export function readProxyHeader(b: Uint8Array, start: number, end: number): ProxyHeaderReading {
  const length = end - start
  for (let i = 0; i < Math.min(length, PROXY_SIGNATURE.length); i++)
    if (b[start + i] !== PROXY_SIGNATURE[i]) return { kind: 'absent' }
  if (length < FIXED_BYTES) return { kind: 'incomplete', wanted: FIXED_BYTES }
  const version = b[start + 12]! & 0xf0
  const command = b[start + 12]! & 0x0f
  const family = b[start + 13]! >>> 4
  const transport = b[start + 13]! & 0x0f
  const rest = readU16(b, start + 14)
  // §2.2: other versions, commands, families and transports than these are unassigned, and a
  // receiver must reject them.
  if (version !== VERSION_2) return malformed(`version ${version >>> 4}`)
  if (command !== LOCAL && command !== PROXY) return malformed(`command ${command}`)
  // §2.2: family and addresses of LOCAL are ignored. UNSPEC, as either half, means that there are
  // no addresses.
  const addressesBytes = command === LOCAL ? 0 : addressesLength(family, transport)
  if (addressesBytes === undefined) return malformed(`family ${family}, transport ${transport}`)
  if (rest < addressesBytes) return malformed(`${rest} bytes for the addresses of family ${family}`)
  const headerEnd = start + FIXED_BYTES + rest
  if (headerEnd > end) return { kind: 'incomplete', wanted: FIXED_BYTES + rest }
  const isIpv4 = addressesBytes === IPV4_ADDRESSES_BYTES
  return {
    kind: 'header',
    header: {
      command: command === LOCAL ? 'local' : 'proxy',
      source: isIpv4 ? { address: readU32(b, start + 16), port: readU16(b, start + 24) } : undefined,
      destination: isIpv4 ? { address: readU32(b, start + 20), port: readU16(b, start + 26) } : undefined,
    },
    end: headerEnd,
  }
}

/** undefined for what is not assigned. */
function addressesLength(family: number, transport: number): number | undefined {
  const length = ADDRESSES_BYTES[family]
  if (length === undefined || transport > TRANSPORT_MAX) return undefined
  return transport === UNSPEC ? 0 : length
}

function malformed(reason: string): ProxyHeaderReading {
  return { kind: 'malformed', reason }
}
