import { mix32, type Prefix } from '@fivetuple/packet'
import type { FlowEnds } from './flow-list.js'
import type { Flows } from './flow-shifts.js'

/** Range of ephemeral ports on Linux. */
const FIRST_PORT = 32_768
const PORTS = 28_232

/** Flows of made-up clients to one service. */
export interface FlowSample {
  /** Addresses of the clients. */
  readonly pool: Prefix
  readonly size: number
  readonly service: { readonly address: number; readonly port: number }
}

/** Returns the flows of a sample: the same ones at each call. */
export function sampleFlows({ pool, size, service }: FlowSample): Flows {
  const addresses = 2 ** (32 - pool.length)
  return {
    size,
    at: (index): FlowEnds => ({
      sourceAddress: pool.address + (mix32(2 * index) % addresses),
      destinationAddress: service.address,
      sourcePort: FIRST_PORT + (mix32(2 * index + 1) % PORTS),
      destinationPort: service.port,
    }),
  }
}
