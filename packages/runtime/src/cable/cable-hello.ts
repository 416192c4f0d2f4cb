/**
 * First bytes on a cable: names, port, and the proof that both ends know the cluster key.
 *
 *     dialler (LB)                          listener (switch)
 *       hello ------------------------------>
 *       <------------------------ hello, proof
 *       proof ------------------------------>
 *       packets <---------------------> packets
 *
 * A proof is HMAC-SHA-256 over a label for its direction and both hellos, each with a fresh nonce:
 * it can be neither replayed nor reflected. All messages have fixed sizes, so the decoder is total.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readU16, writeU16 } from '@fivetuple/packet'

export const MAGIC = [0x35, 0x74, 0x70, 0x6c] // "5tpl"
const VERSION = 1
export const NONCE_BYTES = 16
export const NAME_MAX_BYTES = 63
const NAME_FIELD_BYTES = NAME_MAX_BYTES + 1 // length, then the name, zero-padded
export const HELLO_BYTES = 4 + 1 + 1 + 2 + NONCE_BYTES + NAME_FIELD_BYTES
export const PROOF_BYTES = 32

/** Identity of one end. */
export interface CableIdentity {
  /** ASCII letters, digits, dot, hyphen, underscore; 1 to {@link NAME_MAX_BYTES} bytes */
  readonly name: string
  /** Port of the switch that the cable belongs to: port k is for LB k. 1 to 65,535. */
  readonly port: number
}

const NAME_PATTERN = /^[A-Za-z0-9._-]{1,63}$/

/**
 * Encodes a hello.
 *
 * @param nonce fresh random bytes
 * @throws RangeError if the identity can't be encoded
 */
export function encodeHello(identity: CableIdentity, nonce: Uint8Array): Uint8Array {
  if (!NAME_PATTERN.test(identity.name))
    throw new RangeError(`cable name ${JSON.stringify(identity.name)} is not 1 to 63 of A-Z a-z 0-9 . _ -`)
  const b = new Uint8Array(HELLO_BYTES)
  b.set(MAGIC, 0)
  b[4] = VERSION
  writeU16(b, 6, identity.port)
  b.set(nonce.subarray(0, NONCE_BYTES), 8)
  b[8 + NONCE_BYTES] = identity.name.length
  for (let i = 0; i < identity.name.length; i++) b[9 + NONCE_BYTES + i] = identity.name.charCodeAt(i)
  return b
}

/** Decodes a hello of exactly {@link HELLO_BYTES} bytes; undefined if it is invalid. */
export function decodeHello(b: Uint8Array): CableIdentity | undefined {
  if (b.length !== HELLO_BYTES || MAGIC.some((byte, i) => b[i] !== byte) || b[4] !== VERSION) return undefined
  const length = b[8 + NONCE_BYTES]!
  if (length < 1 || length > NAME_MAX_BYTES) return undefined
  const start = 9 + NONCE_BYTES
  const name = String.fromCharCode(...b.subarray(start, start + length))
  return NAME_PATTERN.test(name) ? { name, port: readU16(b, 6) } : undefined
}

/** Returns the proof that an end sends. */
export function cableProof(
  key: Uint8Array,
  side: 'dialler' | 'listener',
  diallerHello: Uint8Array,
  listenerHello: Uint8Array,
): Uint8Array {
  return createHmac('sha256', key).update(`fivetuple cable ${side}`).update(diallerHello).update(listenerHello).digest()
}

/** Compares proofs in constant time. */
export function proofsEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
