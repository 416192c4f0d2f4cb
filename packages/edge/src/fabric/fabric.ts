import type { NO_ROUTE, PacketOutput } from '@fivetuple/packet'

/** What an edge sees of the switch that it is part of. */
export interface Fabric {
  /** TTL of what starts here. Without it: one less than usual, for the switch that the edge is part of is the first hop. */
  readonly ttl?: number
  /**
   * The port that a packet of this five-tuple leaves by, as the route table stands, or {@link NO_ROUTE}. Counts it.
   * @param begins whether it is a SYN that opens a flow
   * @param isKeepAlive true for a keep-alive probe of the edge's own, or a response to one: no use of the flow
   */
  egressFor(
    sourceAddress: number,
    destinationAddress: number,
    sourcePort: number,
    destinationPort: number,
    protocol: number,
    bytes: number,
    begins: boolean,
    isKeepAlive: boolean,
  ): number
  /** A packet that `egressFor` has counted does not leave: the queue of the port that it named is full. Default: nothing counts. */
  takeBack?(port: number, bytes: number): void
  /** The output of a port that `egressFor` has named. */
  outputOf(port: number): PacketOutput
}
