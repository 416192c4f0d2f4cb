import { strict as assert } from 'node:assert'
import { readU32, writeU32 } from '@fivetuple/packet'

/** Authentication types with their codes on the wire (RFC 5880 §4.1). */
export const AUTHENTICATION_TYPES = {
  'simple-password': 1,
  'keyed-md5': 2,
  'meticulous-keyed-md5': 3,
  'keyed-sha1': 4,
  'meticulous-keyed-sha1': 5,
} as const
export type AuthenticationType = keyof typeof AUTHENTICATION_TYPES

/** Types whose section carries a sequence number and a digest. */
export type DigestAuthenticationType = Exclude<AuthenticationType, 'simple-password'>

/** Longest simple password, bytes (RFC 5880 §4.2). */
export const PASSWORD_MAX_BYTES = 16
/** Bytes of type, length and key id, which open every section. */
const SECTION_HEADER_BYTES = 3
/** Offset of the sequence number in a section with a digest; a reserved byte is before it. */
const SEQUENCE_OFFSET = 4
/** Offset of the digest in such a section (RFC 5880 §4.3, §4.4). */
export const DIGEST_OFFSET = 8
/** Bytes of digests per type. */
export const DIGEST_BYTES: Readonly<Record<DigestAuthenticationType, number>> = {
  'keyed-md5': 16,
  'meticulous-keyed-md5': 16,
  'keyed-sha1': 20,
  'meticulous-keyed-sha1': 20,
}

/** Authentication section of a control packet (RFC 5880 §4.2 to §4.4). */
export type AuthenticationSection =
  | {
      readonly type: 'simple-password'
      /** Identifier of the password, 0 to 255. */
      readonly keyId: number
      /** Password, 1 to 16 bytes. */
      readonly password: Uint8Array
    }
  | {
      readonly type: DigestAuthenticationType
      /** Identifier of the key, 0 to 255. */
      readonly keyId: number
      /** Sequence number, 32 bits. */
      readonly sequence: number
      /** Digest: 16 bytes of MD5, or 20 of SHA1. */
      readonly digest: Uint8Array
    }

/** Error in the bytes of an authentication section. */
export type SectionFault = 'authentication-type' | 'authentication-length'

/** Returns the length of an encoded section, bytes. */
export function sectionBytes(section: AuthenticationSection): number {
  return section.type === 'simple-password'
    ? SECTION_HEADER_BYTES + section.password.length
    : DIGEST_OFFSET + DIGEST_BYTES[section.type]
}

/**
 * Writes a section at `o`. Its fields must be within the ranges of {@link AuthenticationSection}.
 */
export function writeSection(b: Uint8Array, o: number, section: AuthenticationSection): void {
  assert(section.keyId >= 0 && section.keyId <= 255)
  b[o] = AUTHENTICATION_TYPES[section.type]
  b[o + 1] = sectionBytes(section)
  b[o + 2] = section.keyId
  if (section.type === 'simple-password') {
    assert(section.password.length >= 1 && section.password.length <= PASSWORD_MAX_BYTES)
    b.set(section.password, o + SECTION_HEADER_BYTES)
    return
  }
  assert.equal(section.digest.length, DIGEST_BYTES[section.type])
  writeU32(b, o + SEQUENCE_OFFSET, section.sequence)
  b.set(section.digest, o + DIGEST_OFFSET)
}

/** Reads the section that fills `b`, or returns the error in it. Copies what it keeps. */
export function readSection(b: Uint8Array): AuthenticationSection | SectionFault {
  if (b.length < SECTION_HEADER_BYTES || b[1] !== b.length) return 'authentication-length'
  const type = typeOf(b[0]!)
  if (type === undefined) return 'authentication-type'
  const keyId = b[2]!
  if (type === 'simple-password') {
    const password = Uint8Array.from(b.subarray(SECTION_HEADER_BYTES)) // slice() of a Buffer is a view
    const isValid = password.length >= 1 && password.length <= PASSWORD_MAX_BYTES
    return isValid ? { type, keyId, password } : 'authentication-length'
  }
  // RFC 5880 §6.7.3 and §6.7.4: Auth Len must be 24 with MD5 and 28 with SHA1.
  if (b.length !== DIGEST_OFFSET + DIGEST_BYTES[type]) return 'authentication-length'
  return { type, keyId, sequence: readU32(b, SEQUENCE_OFFSET), digest: Uint8Array.from(b.subarray(DIGEST_OFFSET)) }
}

function typeOf(code: number): AuthenticationType | undefined {
  for (const type of Object.keys(AUTHENTICATION_TYPES) as AuthenticationType[])
    if (AUTHENTICATION_TYPES[type] === code) return type
  return undefined
}
