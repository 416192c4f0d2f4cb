import { DEFAULT_TTL, type NO_ROUTE, type PacketOutput } from '@fivetuple/packet'

/** A switch, as the edge that is part of it sees it. */
export interface Fabric {
  /** TTL of packets that start here. Missing: that of {@link ttlOf}. */
  readonly ttl?: number
  /**
   * Returns the port by which a packet of this five-tuple leaves under the current route table, or
   * {@link NO_ROUTE}, and counts the packet.
   * @param begins true for a SYN that opens a flow
   * @param isKeepAlive true for a keep-alive probe of the edge itself, or a response to one: it is
   * no use of the flow
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
   * Reverts the count of a packet that does not leave, because the queue of its port is full.
   * Default: nothing is counted.
   */
  uncount?(port: number, bytes: number): void
  /** Returns the output of a port that `routeAndCount` has returned. */
  outputOf(port: number): PacketOutput
}

/**
 * Returns the TTL of packets that an edge originates: that of the fabric, or one below the default.
 * The switch that the edge is part of is the first layer-3 hop, so packets appear on its ports with
 * a TTL reduced by one.
 */
export function ttlOf({ ttl }: Fabric): number {
  return ttl ?? DEFAULT_TTL - 1
}
