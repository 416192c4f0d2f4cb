import { ipv4HeaderLength, tcpSequence } from '@fivetuple/packet'

/**
 * IPv4 and TCP header with as many options as a SYN has in practice; a longer packet is not kept.
 */
export const KEPT_SYN_BYTES = 80
/**
 * 1.25 MiB when full. Half-open flows beyond it are not tried elsewhere: a flood of them needs no
 * such favour.
 */
const SLOTS_MAX = 16_384
const INITIAL_SLOTS = 64

/**
 * Copies of the SYNs of flows whose backend has not answered yet, as the client sent them, so that
 * the same flow can be opened at another backend, and taken back from the first. Bounded, in one
 * array.
 */
export class SynStore {
  #bytes = new Uint8Array(INITIAL_SLOTS * KEPT_SYN_BYTES)
  #lengths = new Uint8Array(INITIAL_SLOTS)
  /** By slot; see {@link failedBackend}. */
  #failedBackends = new Int32Array(INITIAL_SLOTS)
  #memberLinks = new Uint8Array(INITIAL_SLOTS)
  readonly #free: number[] = []
  #fresh = 0

  /** SYNs kept now. */
  get size(): number {
    return this.#fresh - this.#free.length
  }

  /**
   * Keeps the SYN `b[o, end)` that came by a member link. Returns its slot; -1: too long, or full.
   */
  keep(b: Uint8Array, o: number, end: number, memberLink: number): number {
    const length = end - o
    if (length > KEPT_SYN_BYTES) return -1
    const slot = this.#free.pop() ?? this.#takeFresh()
    if (slot < 0) return -1
    this.#bytes.set(b.subarray(o, end), slot * KEPT_SYN_BYTES)
    this.#lengths[slot] = length
    this.#failedBackends[slot] = -1
    this.#memberLinks[slot] = memberLink
    return slot
  }

  /** Records a backend that has not taken the flow, by its number. */
  setFailedBackend(slot: number, backend: number): void {
    this.#failedBackends[slot] = backend
  }

  /** Number of a backend that has not taken the flow; -1: none. */
  failedBackend(slot: number): number {
    return this.#failedBackends[slot]!
  }

  /** The member link of the LB's cables that the packet in a slot has come by. */
  memberLink(slot: number): number {
    return this.#memberLinks[slot]!
  }

  /** The sequence number of the SYN in a slot. */
  sequence(slot: number): number {
    const o = slot * KEPT_SYN_BYTES
    return tcpSequence(this.#bytes, o + ipv4HeaderLength(this.#bytes, o))
  }

  /** Bytes of the packet in a slot. */
  length(slot: number): number {
    return this.#lengths[slot]!
  }

  /** Copies the packet in a slot to `b[o, …)`. */
  copyTo(slot: number, b: Uint8Array, o: number): void {
    b.set(this.#bytes.subarray(slot * KEPT_SYN_BYTES, slot * KEPT_SYN_BYTES + this.#lengths[slot]!), o)
  }

  release(slot: number): void {
    this.#free.push(slot)
  }

  #takeFresh(): number {
    if (this.#fresh === this.#lengths.length) {
      if (this.#fresh === SLOTS_MAX) return -1
      const bytes = new Uint8Array(this.#bytes.length * 2)
      bytes.set(this.#bytes)
      this.#bytes = bytes
      const lengths = new Uint8Array(this.#lengths.length * 2)
      lengths.set(this.#lengths)
      this.#lengths = lengths
      const failedBackends = new Int32Array(this.#failedBackends.length * 2)
      failedBackends.set(this.#failedBackends)
      this.#failedBackends = failedBackends
      const memberLinks = new Uint8Array(this.#memberLinks.length * 2)
      memberLinks.set(this.#memberLinks)
      this.#memberLinks = memberLinks
    }
    return this.#fresh++
  }
}
