import { ipv4HeaderLength, ipv4Protocol, ipv4TotalLength, readU16, readU32 } from '@fivetuple/packet'
import type { PortPool } from './port-pool.js'
import type { SessionTable } from './session-table.js'

/**
 * Packets looked at together: what they bring into the first-level cache still fits there when they
 * are translated.
 */
const BLOCK_PACKETS = 64
/**
 * Below this the tables are in the second-level cache anyway, and looking ahead costs more than it
 * saves.
 */
const WORTHWHILE_SESSIONS = 8_192
/** IPv4 header and both ports. */
const LEAST_BYTES = 24
/** A run of fewer bytes has too few packets for their misses to overlap. */
const WORTHWHILE_BYTES = 160
const NONE = -1

/** Finds the source ports towards a backend endpoint, if it is in use. */
export type FindPorts = (address: number, port: number, protocol: number) => PortPool | undefined

/**
 * Brings the index slots and records of the next packets of a run into the caches before the
 * packets are translated one by one. In a table of a million sessions each of them is a cache miss,
 * and a translation is too long for the processor to reach the next one's misses while it waits;
 * loops as short as these here have several under way at once (software prefetching, as in VPP's
 * vectors). It only reads: what it finds is not relied on, and whatever is no packet is left to who
 * translates.
 */
export class LookAhead {
  readonly #sessions: SessionTable
  readonly #ports: FindPorts
  readonly #found = new Int32Array(BLOCK_PACKETS)
  readonly #pools: (PortPool | undefined)[] = new Array(BLOCK_PACKETS).fill(undefined)
  /** Of what was read: a result, so that no compiler leaves the reads out. */
  #sum = 0

  constructor(sessions: SessionTable, ports: FindPorts) {
    this.#sessions = sessions
    this.#ports = ports
  }

  get sum(): number {
    return this.#sum
  }

  /** Looks at packets of clients from `o` on; returns how far. */
  toBackends(b: Uint8Array, o: number, end: number): number {
    const sessions = this.#sessions
    if (sessions.size < WORTHWHILE_SESSIONS || end - o < WORTHWHILE_BYTES) return end
    const hashes = this.#found
    let count = 0
    let at = o
    while (count < BLOCK_PACKETS && end - at >= LEAST_BYTES) {
      const l4 = at + ipv4HeaderLength(b, at)
      if (l4 + 4 > end) break
      hashes[count++] = sessions.hashOf(
        readU32(b, at + 12),
        readU32(b, at + 16),
        readU16(b, l4),
        readU16(b, l4 + 2),
        ipv4Protocol(b, at),
      )
      at += Math.max(ipv4TotalLength(b, at), LEAST_BYTES)
    }
    this.#sum = sessions.readByHash(hashes, count) | 0
    return count < BLOCK_PACKETS ? end : at
  }

  /** Looks at packets of backends from `o` on; returns how far. */
  toClients(b: Uint8Array, o: number, end: number): number {
    const sessions = this.#sessions
    if (sessions.size < WORTHWHILE_SESSIONS || end - o < WORTHWHILE_BYTES) return end
    const found = this.#found
    const pools = this.#pools
    let count = 0
    let at = o
    while (count < BLOCK_PACKETS && end - at >= LEAST_BYTES) {
      const l4 = at + ipv4HeaderLength(b, at)
      if (l4 + 4 > end) break
      pools[count] = this.#ports(readU32(b, at + 12), readU16(b, l4), ipv4Protocol(b, at))
      found[count++] = readU16(b, l4 + 2)
      at += Math.max(ipv4TotalLength(b, at), LEAST_BYTES)
    }
    for (let i = 0; i < count; i++) found[i] = pools[i]?.sessionOf(found[i]!) ?? NONE
    this.#sum = sessions.readEach(found, count) | 0
    return count < BLOCK_PACKETS ? end : at
  }
}
