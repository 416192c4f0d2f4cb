import { strict as assert } from 'node:assert'
import { createHash, timingSafeEqual } from 'node:crypto'
import { DIGEST_OFFSET } from './authentication-section.js'
import { CONTROL_PACKET_BYTES, type ControlPacket, encodeControlPacket } from './control-packet.js'

/** Bytes of the secret: shorter keys are padded with zeros (RFC 5880 §4.4). */
const KEY_BYTES = 20
const DIGEST_AT = CONTROL_PACKET_BYTES + DIGEST_OFFSET
const PACKET_BYTES = DIGEST_AT + KEY_BYTES

/** Authentication of a session; both ends need the same. */
export interface AuthenticationConfig {
  /** `meticulous-keyed-sha1` numbers every packet, so that none can be replayed. */
  readonly type: 'keyed-sha1' | 'meticulous-keyed-sha1'
  /** Identifier of the key, 0 to 255. */
  readonly keyId: number
  /** Secret, 1 to 20 bytes. */
  readonly key: Uint8Array
}

/** Reason for which a packet fails authentication (RFC 5880 §6.7.4). */
export type AuthenticationFault =
  | 'authentication-unexpected'
  | 'authentication-missing'
  | 'authentication-type'
  | 'key-id'
  | 'sequence'
  | 'digest'

/** Keyed SHA1 and meticulous keyed SHA1 of one session (RFC 5880 §6.7.4). */
export class Authenticator {
  readonly #config: AuthenticationConfig
  readonly #key = new Uint8Array(KEY_BYTES)
  /** bfd.XmitAuthSeq. */
  #sendSequence: number
  /** bfd.RcvAuthSeq; undefined while bfd.AuthSeqKnown is 0. */
  #receivedSequence: number | undefined
  #lastSent = ''

  /** @param firstSequence first sequence number to send, random, 32 bits */
  constructor(config: AuthenticationConfig, firstSequence: number) {
    assert(config.key.length >= 1 && config.key.length <= KEY_BYTES)
    this.#config = config
    this.#key.set(config.key)
    this.#sendSequence = firstSequence >>> 0
  }

  /** Encodes a packet with its authentication section. */
  seal(packet: ControlPacket): Uint8Array {
    const { type, keyId } = this.#config
    // RFC 5880 §6.7.4: bfd.XmitAuthSeq MUST be incremented for each packet if meticulous, otherwise
    // it SHOULD be if the contents differ from those of the previous packet.
    const contents = type === 'keyed-sha1' ? JSON.stringify(packet) : ''
    if (type === 'meticulous-keyed-sha1' || contents !== this.#lastSent)
      this.#sendSequence = (this.#sendSequence + 1) >>> 0
    this.#lastSent = contents
    const authentication = { type, keyId, sequence: this.#sendSequence, digest: this.#key }
    const b = encodeControlPacket({ ...packet, authentication })
    b.set(digestOf(b), DIGEST_AT)
    return b
  }

  /**
   * Verifies a packet of which `bytes` are the encoding; undefined if it is authentic. Unlike the
   * RFC's order, a sequence number is kept only after the digest has been verified: otherwise one
   * forged packet would shut out the peer.
   */
  verify({ authentication, detectMultiplier }: ControlPacket, bytes: Uint8Array): AuthenticationFault | undefined {
    const { type, keyId } = this.#config
    if (authentication === undefined) return 'authentication-missing'
    if (authentication.type !== type) return 'authentication-type'
    if (authentication.keyId !== keyId) return 'key-id'
    if (this.#receivedSequence !== undefined) {
      const ahead = (authentication.sequence - this.#receivedSequence) >>> 0
      // RFC 5880 §6.7.4: from bfd.RcvAuthSeq, or one above it, to bfd.RcvAuthSeq + 3 × Detect Mult.
      if (ahead > 3 * detectMultiplier || (type === 'meticulous-keyed-sha1' && ahead === 0)) return 'sequence'
    }
    const copy = Uint8Array.from(bytes.subarray(0, PACKET_BYTES)) // slice() of a Buffer is a view
    copy.set(this.#key, DIGEST_AT)
    if (!timingSafeEqual(digestOf(copy), authentication.digest)) return 'digest'
    this.#receivedSequence = authentication.sequence
    return undefined
  }

  /** Accepts any sequence number next. For a peer that has been unreachable for long. */
  forgetSequence(): void {
    this.#receivedSequence = undefined
  }
}

/** Returns the digest over a whole packet whose digest field contains the key. */
function digestOf(b: Uint8Array): Uint8Array {
  return createHash('sha1').update(b).digest()
}
