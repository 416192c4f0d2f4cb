import { strict as assert } from 'node:assert'
import { type Ipv4Address, internetChecksum, readU16, readU32, writeU16, writeU32 } from '@fivetuple/packet'

const VERSION = 3
const ADVERTISEMENT = 1
/** Bytes before the addresses (RFC 9568 §5.2). */
const HEADER_BYTES = 8
const ADDRESS_BYTES = 4
const CHECKSUM_OFFSET = 6
/**
 * Mask of the interval field, 12 bits. The four bits above it are reserved: sent as zero, ignored
 * when received (RFC 9568 §5.2.6).
 */
const INTERVAL_MASK = 0x0fff
const ADDRESSES_MAX = 255

/** Unit of the interval on the wire, ms. */
const CENTISECOND_MS = 10
/** Shortest interval that can be encoded, ms, and the step of all others. */
export const ADVER_INTERVAL_MIN_MS = CENTISECOND_MS
/** Longest interval that can be encoded, ms. */
export const ADVER_INTERVAL_MAX_MS = INTERVAL_MASK * CENTISECOND_MS

/**
 * Priority sent by a router that stops being Active, so that a backup need not wait
 * (RFC 9568 §5.2.4).
 */
export const PRIORITY_RESIGNED = 0
/** Priorities of routers that do not own the virtual addresses (RFC 9568 §5.2.4). */
export const PRIORITY_MIN = 1
export const PRIORITY_MAX = 254

/** VRRPv3 ADVERTISEMENT for IPv4 (RFC 9568 §5.2). */
export interface Advertisement {
  /** Identifier of the virtual router, 1 to 255. */
  readonly vrid: number
  /** 0: the sender resigns; 255: it owns the addresses. */
  readonly priority: number
  /** Interval of the sender's advertisements, ms: 10 to 40,950 in steps of 10. */
  readonly adverIntervalMs: number
  /** Virtual addresses, 1 to 255 of them. */
  readonly addresses: readonly Ipv4Address[]
}

/** Error in the bytes of an advertisement (RFC 9568 §7.1). Such bytes are dropped. */
export type AdvertisementFault =
  | 'truncated'
  | 'trailing-bytes'
  | 'version'
  | 'type'
  | 'checksum'
  | 'vrid'
  | 'no-address'
  | 'no-interval'

/** Decoded advertisement, or the error in its bytes. */
export type DecodedAdvertisement =
  | { readonly ok: true; readonly value: Advertisement }
  | { readonly ok: false; readonly fault: AdvertisementFault }

/** Encodes an advertisement. Its fields must be within the ranges of {@link Advertisement}. */
export function encodeAdvertisement({ vrid, priority, adverIntervalMs, addresses }: Advertisement): Uint8Array {
  assert(vrid >= 1 && vrid <= 255 && priority >= 0 && priority <= 255)
  assert(addresses.length >= 1 && addresses.length <= ADDRESSES_MAX)
  assert(adverIntervalMs >= ADVER_INTERVAL_MIN_MS && adverIntervalMs <= ADVER_INTERVAL_MAX_MS)
  const b = new Uint8Array(HEADER_BYTES + addresses.length * ADDRESS_BYTES)
  b[0] = (VERSION << 4) | ADVERTISEMENT
  b[1] = vrid
  b[2] = priority
  b[3] = addresses.length
  writeU16(b, 4, Math.round(adverIntervalMs / CENTISECOND_MS))
  addresses.forEach((address, i) => {
    writeU32(b, HEADER_BYTES + i * ADDRESS_BYTES, address)
  })
  // RFC 9568 §5.2.8: for IPv4 the checksum covers the message alone, without a pseudo-header.
  writeU16(b, CHECKSUM_OFFSET, internetChecksum(b, 0, b.length))
  return b
}

/**
 * Decodes exactly one advertisement from any bytes, with the checks of RFC 9568 §7.1 that need no
 * configuration.
 */
export function decodeAdvertisement(b: Uint8Array): DecodedAdvertisement {
  if (b.length < HEADER_BYTES) return faulty('truncated')
  if (b[0]! >>> 4 !== VERSION) return faulty('version')
  if ((b[0]! & 0x0f) !== ADVERTISEMENT) return faulty('type')
  const count = b[3]!
  const length = HEADER_BYTES + count * ADDRESS_BYTES
  if (b.length < length) return faulty('truncated')
  if (b.length > length) return faulty('trailing-bytes')
  if (internetChecksum(b, 0, length) !== 0) return faulty('checksum')
  if (b[1] === 0) return faulty('vrid')
  if (count === 0) return faulty('no-address') // RFC 9568 §5.2.5
  const centiseconds = readU16(b, 4) & INTERVAL_MASK
  if (centiseconds === 0) return faulty('no-interval') // otherwise backups would take over at once, again and again
  return {
    ok: true,
    value: {
      vrid: b[1]!,
      priority: b[2]!,
      adverIntervalMs: centiseconds * CENTISECOND_MS,
      addresses: Array.from({ length: count }, (_, i) => readU32(b, HEADER_BYTES + i * ADDRESS_BYTES)),
    },
  }
}

function faulty(fault: AdvertisementFault): DecodedAdvertisement {
  return { ok: false, fault }
}
