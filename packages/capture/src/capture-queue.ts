import {
  fillL4Checksum,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4TotalLength,
  l4ChecksumOffset,
  readU16,
} from '@fivetuple/packet'
import type { PacketNotes } from './pcapng.js'

/** Copy of a packet with its time and place. */
export interface CapturedPacket {
  /** Number of the interface. */
  readonly interfaceId: number
  /** Milliseconds since 1970, with fractions. */
  readonly at: number
  readonly bytes: Uint8Array
  /** Length on the link, bytes. */
  readonly length: number
  readonly notes: PacketNotes
}

export interface CaptureQueueCounters {
  /** Packets that were copied. */
  readonly captured: number
  /** Packets that were not copied since the queue was full. */
  readonly lost: number
}

/** Memory of a copy besides its bytes, about, so that small packets are bounded too. */
const RECORD_BYTES = 200

/**
 * Captured copies that wait for their reader, bounded in bytes. If the reader is slow, further
 * copies are lost and counted; packets themselves never wait.
 */
export class CaptureQueue {
  readonly #maxBytes: number
  readonly #snapLength: number
  #packets: CapturedPacket[] = []
  #bytes = 0
  #captured = 0
  #lost = 0
  /** Lost copies by interface, since the last copy of it that was taken. */
  readonly #lostSince = new Map<number, number>()

  /**
   * @param maxBytes bound of all copies together
   * @param snapLength number of bytes of each packet that are copied, from its first byte on
   */
  constructor(maxBytes: number, snapLength: number) {
    this.#maxBytes = maxBytes
    this.#snapLength = snapLength
  }

  /** Copies a whole IPv4 packet, with its transport checksum computed if the cable left it zero. */
  add(interfaceId: number, at: number, b: Uint8Array, o: number, notes: PacketNotes): void {
    const length = ipv4TotalLength(b, o)
    const kept = Math.min(length, this.#snapLength)
    if (this.#bytes + kept + RECORD_BYTES > this.#maxBytes) {
      this.#lost++
      this.#lostSince.set(interfaceId, (this.#lostSince.get(interfaceId) ?? 0) + 1)
      return
    }
    const whole = b.slice(o, o + length)
    if (isOffloaded(whole)) fillL4Checksum(whole, 0)
    const lostBefore = this.#lostSince.get(interfaceId)
    if (lostBefore !== undefined) this.#lostSince.delete(interfaceId)
    this.#captured++
    this.#bytes += kept + RECORD_BYTES
    this.#packets.push({
      interfaceId,
      at,
      bytes: kept === length ? whole : whole.slice(0, kept),
      length,
      notes: lostBefore === undefined ? notes : { ...notes, lostBefore },
    })
  }

  /** Returns all copies, oldest first, and continues empty. */
  take(): readonly CapturedPacket[] {
    const packets = this.#packets
    this.#packets = []
    this.#bytes = 0
    return packets
  }

  counters(): CaptureQueueCounters {
    return { captured: this.#captured, lost: this.#lost }
  }
}

/** True if the transport checksum is zero: cables leave it so, and UDP without one is as good. */
function isOffloaded(b: Uint8Array): boolean {
  const field = l4ChecksumOffset(ipv4Protocol(b, 0))
  const at = ipv4HeaderLength(b, 0) + field
  return field >= 0 && at + 2 <= b.length && readU16(b, at) === 0
}
