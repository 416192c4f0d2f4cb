import type { Fault } from '@fivetuple/faults'
import { parseIpv4 } from '@fivetuple/packet'
import { byteOf } from './byte-stream.js'
import { ClientPeer, ServerPeer } from './peers.js'
import { SimulatedCluster } from './simulated-cluster.js'

const CLIENT = parseIpv4('127.20.100.1')!
/** Bytes that tell a stream from all others of one simulation. */
const HEAD = 4

export interface Streams {
  readonly cluster: SimulatedCluster
  readonly clients: readonly ClientPeer[]
  readonly servers: readonly ServerPeer[]
  readonly bytes: number
}

export interface StreamsOptions {
  readonly seed: number
  readonly faults: readonly Fault[]
  readonly flows: number
  /** Bytes of each stream: each flow has one in each direction. */
  readonly bytes: number
  /** Time within which the flows start, ms. */
  readonly startWithinMs: number
}

/** Starts a cluster of four LBs and three backends, and flows that start at random times. */
export function startStreams({ seed, faults, flows, bytes, startWithinMs }: StreamsOptions): Streams {
  const ids = new Map(
    Array.from({ length: flows }, (_, id) => [Array.from({ length: HEAD }, (_, i) => byteOf(2 * id, i)).join(), id]),
  )
  const servers: ServerPeer[] = []
  const cluster = new SimulatedCluster({ seed, lbs: 4, backends: 3, faults }, (flow, edge) => {
    const server = new ServerPeer(cluster, edge, flow, bytes, (head) =>
      head.length < HEAD ? undefined : ids.get(head.join()),
    )
    servers.push(server)
    return server
  })
  const clients: ClientPeer[] = []
  for (let id = 0; id < flows; id++)
    cluster.clock.schedule(cluster.random.int(startWithinMs), () =>
      clients.push(ClientPeer.open(cluster, id, CLIENT + (id % 5), 40_000 + id, bytes, id % 4 === 0)),
    )
  return { cluster, clients, servers, bytes }
}
