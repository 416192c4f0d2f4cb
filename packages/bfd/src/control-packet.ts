import { strict as assert } from 'node:assert'
import { readU32, writeU32 } from '@fivetuple/packet'
import {
  type AuthenticationSection,
  readSection,
  type SectionFault,
  sectionBytes,
  writeSection,
} from './authentication-section.js'
import { DIAGNOSTIC_MAX } from './diagnostics.js'
import { BFD_STATE_CODES, BFD_STATES, type BfdState } from './states.js'

const VERSION = 1
/** Bytes before the authentication section (RFC 5880 §4.1). */
export const CONTROL_PACKET_BYTES = 24
/** Offset of the 32-bit Your Discriminator, by which a session is selected (RFC 5880 §6.3). */
export const YOUR_DISCRIMINATOR_OFFSET = 8
/** Shortest packet with the A bit, bytes (RFC 5880 §6.8.6). */
const AUTHENTICATED_MIN_BYTES = 26
const U32_MAX = 0xffff_ffff

/** Flags of the second byte. */
const POLL = 0x20
const FINAL = 0x10
const CONTROL_PLANE_INDEPENDENT = 0x08
const AUTHENTICATION = 0x04
const DEMAND = 0x02
const MULTIPOINT = 0x01

/** BFD control packet, version 1 (RFC 5880 §4.1). */
export interface ControlPacket {
  readonly state: BfdState
  /** Reason of the sender's last change of state, 0 to 31. */
  readonly diagnostic: number
  /** True if the sender requests a packet with `final`. */
  readonly poll: boolean
  /** True if this packet responds to one with `poll`. */
  readonly final: boolean
  /** True if the sender's BFD survives a restart of its control plane. */
  readonly controlPlaneIndependent: boolean
  /** True if the sender requests that periodic packets cease. */
  readonly demand: boolean
  /** Missing packets that make a failure, 1 to 255. */
  readonly detectMultiplier: number
  /** Discriminator of the sender's session, 1 to 2^32 - 1. */
  readonly myDiscriminator: number
  /** Discriminator received from the other end; 0 if unknown. */
  readonly yourDiscriminator: number
  /** Shortest interval at which the sender would like to send, µs. */
  readonly desiredMinTxUs: number
  /** Shortest interval at which the sender can receive, µs; 0: it wants no periodic packets. */
  readonly requiredMinRxUs: number
  /** Shortest interval between echo packets that the sender can return, µs; 0: none. */
  readonly requiredMinEchoRxUs: number
  readonly authentication?: AuthenticationSection
}

/** Error in the bytes of a control packet. Such bytes are dropped. */
export type ControlPacketFault =
  | 'truncated'
  | 'version'
  | 'length'
  | 'detect-multiplier'
  | 'multipoint'
  | 'my-discriminator'
  | SectionFault

/** Decoded control packet, or the error in its bytes. */
export type DecodedControlPacket =
  | { readonly ok: true; readonly value: ControlPacket }
  | { readonly ok: false; readonly fault: ControlPacketFault }

/** Encodes a control packet. Its fields must be within the ranges of {@link ControlPacket}. */
export function encodeControlPacket(packet: ControlPacket): Uint8Array {
  const { authentication, diagnostic, detectMultiplier } = packet
  assert(diagnostic >= 0 && diagnostic <= DIAGNOSTIC_MAX)
  assert(detectMultiplier >= 1 && detectMultiplier <= 255)
  assert(packet.myDiscriminator >= 1)
  const words = [
    packet.myDiscriminator,
    packet.yourDiscriminator,
    packet.desiredMinTxUs,
    packet.requiredMinRxUs,
    packet.requiredMinEchoRxUs,
  ]
  const b = new Uint8Array(CONTROL_PACKET_BYTES + (authentication === undefined ? 0 : sectionBytes(authentication)))
  b[0] = (VERSION << 5) | diagnostic
  b[1] =
    (BFD_STATE_CODES[packet.state] << 6) |
    (packet.poll ? POLL : 0) |
    (packet.final ? FINAL : 0) |
    (packet.controlPlaneIndependent ? CONTROL_PLANE_INDEPENDENT : 0) |
    (authentication === undefined ? 0 : AUTHENTICATION) |
    (packet.demand ? DEMAND : 0)
  b[2] = detectMultiplier
  b[3] = b.length
  words.forEach((word, i) => {
    assert(Number.isInteger(word) && word >= 0 && word <= U32_MAX)
    writeU32(b, 4 + 4 * i, word)
  })
  if (authentication !== undefined) writeSection(b, CONTROL_PACKET_BYTES, authentication)
  return b
}

/**
 * Decodes the control packet at the head of any bytes, with the checks of RFC 5880 §6.8.6 that need
 * no session, in the RFC's order. Bytes behind the packet's own length are ignored.
 */
export function decodeControlPacket(b: Uint8Array): DecodedControlPacket {
  if (b.length < CONTROL_PACKET_BYTES) return faulty('truncated')
  const flags = b[1]!
  const length = b[3]!
  const isAuthenticated = (flags & AUTHENTICATION) !== 0
  // RFC 5880 §6.8.6: "If the version number is not correct (1)".
  if (b[0]! >>> 5 !== VERSION) return faulty('version')
  // "If the Length field is less than the minimum correct value (24 if the A bit is clear, or 26)".
  if (length < (isAuthenticated ? AUTHENTICATED_MIN_BYTES : CONTROL_PACKET_BYTES)) return faulty('length')
  // "If the Length field is greater than the payload of the encapsulating protocol".
  if (length > b.length) return faulty('truncated')
  // "If the Detect Mult field is zero".
  if (b[2] === 0) return faulty('detect-multiplier')
  // "If the Multipoint (M) bit is nonzero".
  if ((flags & MULTIPOINT) !== 0) return faulty('multipoint')
  const myDiscriminator = readU32(b, 4)
  // "If the My Discriminator field is zero".
  if (myDiscriminator === 0) return faulty('my-discriminator')
  const section = isAuthenticated ? readSection(b.subarray(CONTROL_PACKET_BYTES, length)) : undefined
  if (typeof section === 'string') return faulty(section)
  return {
    ok: true,
    value: {
      state: BFD_STATES[(flags >>> 6) as 0 | 1 | 2 | 3],
      diagnostic: b[0]! & DIAGNOSTIC_MAX,
      poll: (flags & POLL) !== 0,
      final: (flags & FINAL) !== 0,
      controlPlaneIndependent: (flags & CONTROL_PLANE_INDEPENDENT) !== 0,
      demand: (flags & DEMAND) !== 0,
      detectMultiplier: b[2]!,
      myDiscriminator,
      yourDiscriminator: readU32(b, YOUR_DISCRIMINATOR_OFFSET),
      desiredMinTxUs: readU32(b, 12),
      requiredMinRxUs: readU32(b, 16),
      requiredMinEchoRxUs: readU32(b, 20),
      ...(section !== undefined && { authentication: section }),
    },
  }
}

function faulty(fault: ControlPacketFault): DecodedControlPacket {
  return { ok: false, fault }
}
