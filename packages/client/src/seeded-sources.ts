import { strict as assert } from 'node:assert'
import { mix32 } from '@fivetuple/packet'
import type { SourcePool } from './source-pool.js'
import type { Source, Sources } from './sources.js'

/** Ports that Linux gives to clients by default (`net.ipv4.ip_local_port_range`). */
export const FIRST_PORT = 32_768
export const PORTS = 28_232
const ROUNDS = 4

export interface SeededSourcesOptions {
  readonly pool: SourcePool
  /** 32 bits */
  readonly seed: number
  /** Number of connections that are open at a time, at least 1. */
  readonly connections: number
  /** Number of probes that share the pool, and the number of this one, from 0; default: one. */
  readonly probes?: number
  readonly probe?: number
}

/**
 * Source addresses and ports that follow from a seed alone: the same seed gives the same
 * five-tuples. Connections are spread evenly over the addresses. A connection keeps its address
 * when it is opened again, as a client does, and gets another port. No two connections of probes
 * that share a pool have the same source, until an address has used each of its ports.
 */
export class SeededSources implements Sources {
  readonly #pool: SourcePool
  readonly #seed: number
  readonly #probes: number
  readonly #probe: number
  /** Connections per address. */
  readonly #perAddress: number

  constructor({ pool, seed, connections, probes = 1, probe = 0 }: SeededSourcesOptions) {
    assert(connections >= 1 && probes >= 1 && probe >= 0 && probe < probes)
    this.#pool = pool
    this.#seed = seed >>> 0
    this.#probes = probes
    this.#probe = probe
    this.#perAddress = Math.ceil((connections * probes) / pool.size)
  }

  source(i: number, attempt: number): Source {
    const { size } = this.#pool
    const k = i * this.#probes + this.#probe
    const place = k % size
    const rank = Math.floor(k / size) + attempt * this.#perAddress
    const address = permuted(place, size, this.#seed)
    const port = FIRST_PORT + permuted(rank % PORTS, PORTS, mix32(this.#seed ^ mix32(address + 1)))
    return { address: this.#pool.at(address), port }
  }

  /** Returns the sources of the first connections, in order. */
  first(count: number): Source[] {
    return Array.from({ length: count }, (_, i) => this.source(i, 0))
  }
}

/**
 * Permutes the numbers from 0 to `size` - 1: a balanced Feistel network over the next even number
 * of bits, applied until the result is in range (cycle walking; Black and Rogaway 2002).
 */
function permuted(value: number, size: number, seed: number): number {
  if (size === 1) return 0
  const halfBits = Math.max(1, Math.ceil(Math.ceil(Math.log2(size)) / 2))
  const mask = 2 ** halfBits - 1
  let result = value
  do {
    let left = (result >>> halfBits) & mask
    let right = result & mask
    for (let round = 0; round < ROUNDS; round++)
      [left, right] = [right, left ^ (mix32(seed ^ mix32(right + (round << 16) + 1)) & mask)]
    result = ((left << halfBits) | right) >>> 0
  } while (result >= size)
  return result
}
