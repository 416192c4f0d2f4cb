import { buildMaglevTable, MAGLEV_SLOTS, murmur3 } from '@fivetuple/packet'
import type { BackendPolicy, PolicyFlow, PolicySnapshot } from './policy.js'

/** Seeds that make two hashes of one backend, and one of flows that is like neither. */
const OFFSET_SEED = 1
const SKIP_SEED = 2
const FLOW_SEED = 3

/**
 * Consistent hashing by a lookup table (Eisenbud et al., NSDI'16): all LBs give a flow to the same
 * backend without talking to each other, shares are even, and when a backend goes hardly any flow
 * of the others moves. The table of 65,537 slots is built anew when backends change.
 */
export class Maglev implements BackendPolicy {
  readonly name = 'maglev'
  #version = -1
  #table: Uint16Array = new Uint16Array(0)
  /** Table entries count eligible backends only. */
  #indexes: number[] = []

  pick({ clientAddress, clientPort }: PolicyFlow, snapshot: PolicySnapshot): number {
    if (snapshot.version !== this.#version) this.#build(snapshot)
    if (this.#table.length === 0) return -1
    return this.#indexes[this.#table[murmur3(clientAddress, 0, clientPort, 0, 0, FLOW_SEED) % MAGLEV_SLOTS]!]!
  }

  #build({ backends, version }: PolicySnapshot): void {
    this.#version = version
    this.#indexes = backends.flatMap(({ eligible }, i) => (eligible ? [i] : []))
    this.#table = buildMaglevTable(
      MAGLEV_SLOTS,
      this.#indexes.map((i) => {
        const { address, port, weight } = backends[i]!
        return {
          offset: murmur3(address, 0, port, 0, 0, OFFSET_SEED) % MAGLEV_SLOTS,
          skip: (murmur3(address, 0, port, 0, 0, SKIP_SEED) % (MAGLEV_SLOTS - 1)) + 1,
          weight,
        }
      }),
    )
  }
}
