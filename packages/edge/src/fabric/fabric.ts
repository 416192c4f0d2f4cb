import { DEFAULT_TTL, type NO_ROUTE, type PacketOutput } from '@fivetuple/packet'

/** The switch as an edge sees it that is part of it. */
export interface Fabric {
  /** TTL of packets that start here. Missing: that of {@link ttlOf}. */
  readonly ttl?: number
  /**
   * The port that a packet of this five-tuple leaves by, as the route table stands, or
   * {@link NO_ROUTE}. Counts it.
   * @param begins whether it is a SYN that opens a flow
   * @param isKeepAlive true for a keep-alive probe of the edge's own, or a response to one: no use
   * of the flow
   */
  routeAndCount(
    sourceAddress: number,
    destinationAddress: number,
    sourcePort: number,
    destinationPort: number,
    protocol: number,
    bytes: number,
    begins: boolean,
    isKeepAlive: boolean,
  ): number
  /**
   * A packet that `routeAndCount` has counted does not leave: the queue of the port that it named
   * is full. Default: nothing counts.
   */
  uncount?(port: number, bytes: number): void
  /** The output of a port that `routeAndCount` has named. */
  outputOf(port: number): PacketOutput
}

/**
 * TTL of packets that an edge originates: that of the fabric, or one below the usual. The switch
 * that the edge is part of is the first layer-3 hop, so packets appear on its ports with one hop
 * taken.
 */
export function ttlOf({ ttl }: Fabric): number {
  return ttl ?? DEFAULT_TTL - 1
}
