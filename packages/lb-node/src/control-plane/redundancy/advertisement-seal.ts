import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Ipv4Address, writeU32 } from '@fivetuple/packet'

const STAMP_BYTES = 8
/** Half of SHA-256: more than anybody guesses within the moment for which a stamp is fresh. */
const PROOF_BYTES = 16
const TRAILER_BYTES = STAMP_BYTES + PROOF_BYTES
const LABEL = 'fivetuple vrrp'

/** Reason why a datagram was not opened. */
export type SealFault = 'truncated' | 'unproven' | 'stale'

/** The advertisement in a datagram, or the reason why it is not accepted. */
export type OpenedDatagram =
  | { readonly ok: true; readonly message: Uint8Array }
  | { readonly ok: false; readonly fault: SealFault }

export interface SealOptions {
  readonly key: Uint8Array
  readonly localAddress: Ipv4Address
  /** A stamp counts for so long, ms. */
  readonly freshMs: number
  /**
   * Nanoseconds on a clock that all routers share and that never steps back: the machine's, since
   * it was booted.
   */
  readonly stamp: () => bigint
}

/**
 * VRRPv3 proves nothing of its sender, and on loopback any user of the machine can send. So each
 * datagram carries a trailer:
 *
 *     advertisement | stamp, 8 bytes | proof, 16 bytes
 *
 * The proof is the beginning of
 *
 *     HMAC-SHA-256(key, label | sender | receiver | advertisement | stamp)
 *
 * Stamps of one sender only grow, and old stamps are not accepted. So a datagram can't be replayed
 * to its receiver, to another one, or to one that has been restarted and has recorded no stamps.
 */
export class AdvertisementSeal {
  readonly #options: SealOptions
  readonly #lastFrom = new Map<Ipv4Address, bigint>()
  #lastOwn = 0n

  constructor(options: SealOptions) {
    this.#options = options
  }

  /** The datagrams that carry an advertisement to each receiver, in their order. */
  seal(message: Uint8Array, receivers: readonly Ipv4Address[]): Uint8Array[] {
    const { stamp, localAddress } = this.#options
    const now = stamp()
    this.#lastOwn = now > this.#lastOwn ? now : this.#lastOwn + 1n
    return receivers.map((receiver) => {
      const datagram = Buffer.alloc(message.length + TRAILER_BYTES)
      datagram.set(message)
      datagram.writeBigUInt64BE(this.#lastOwn, message.length)
      datagram.set(this.#prove(localAddress, receiver, datagram), message.length + STAMP_BYTES)
      return datagram
    })
  }

  /**
   * Returns the advertisement in a datagram, if its sender has the key and the datagram is no
   * replay.
   */
  open(datagram: Uint8Array, sender: Ipv4Address): OpenedDatagram {
    const { stamp, localAddress, freshMs } = this.#options
    const end = datagram.length - TRAILER_BYTES
    if (end < 0) return { ok: false, fault: 'truncated' }
    const proof = this.#prove(sender, localAddress, datagram)
    if (!timingSafeEqual(proof, datagram.subarray(end + STAMP_BYTES))) return { ok: false, fault: 'unproven' }
    const said = Buffer.from(datagram.buffer, datagram.byteOffset, datagram.length).readBigUInt64BE(end)
    const ageMs = Number(stamp() - said) / 1e6
    if (Math.abs(ageMs) > freshMs || said <= (this.#lastFrom.get(sender) ?? -1n)) return { ok: false, fault: 'stale' }
    this.#lastFrom.set(sender, said)
    return { ok: true, message: datagram.subarray(0, end) }
  }

  /** @param datagram whole, of which all but the proof's own place is proved */
  #prove(sender: Ipv4Address, receiver: Ipv4Address, datagram: Uint8Array): Uint8Array {
    const addresses = new Uint8Array(8)
    writeU32(addresses, 0, sender)
    writeU32(addresses, 4, receiver)
    return createHmac('sha256', this.#options.key)
      .update(LABEL)
      .update(addresses)
      .update(datagram.subarray(0, datagram.length - PROOF_BYTES))
      .digest()
      .subarray(0, PROOF_BYTES)
  }
}
