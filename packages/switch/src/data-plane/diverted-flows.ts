import { FiveTupleMap, IpProtocol, NO_ROUTE } from '@fivetuple/packet'

/**
 * Most diverted flows. A further flow begins at the LB that drains, and no diverted flow breaks.
 */
const FLOWS_MAX = 65_536
/**
 * Time without a packet after which a flow is deleted, at the latest after twice as long, ms. Edges
 * probe an idle flow every few seconds, so a flow that exists is not idle for so long.
 */
const IDLE_MS = 60_000

/** Change of {@link DivertedFlows} that the decision about a packet implies. */
export const Diversion = {
  NONE: 0,
  /** The flow is diverted, and this packet is a use of it. */
  USE: 1,
  /** The flow is diverted no more: its port is down, or it begins again where nothing drains. */
  DELETE: 2,
  /** The flow begins, and is diverted from a next hop that drains. */
  ADD: 3,
  /** The flow begins at a next hop that drains, since no further flow can be diverted. */
  OVER_LIMIT: 4,
} as const
export type Diversion = (typeof Diversion)[keyof typeof Diversion]

/**
 * TCP flows that began while their hash pointed to an LB that drains, and the ports that they use
 * instead. It is the only state per flow of a switch, and exists only while LBs drain: see
 * docs/design/0004-drain-without-moving-flows.md.
 *
 * Idle flows are deleted by generation: a flow that is used moves to the young one, and the old one
 * is deleted as a whole.
 */
export class DivertedFlows {
  #young = new FiveTupleMap<number>()
  #old = new FiveTupleMap<number>()
  #turnedAt: number
  /** Flows diverted since the start. */
  total = 0
  /** Flows that were not diverted because of the limit. */
  overLimit = 0

  /** @param now ms */
  constructor(now: number) {
    this.#turnedAt = now
  }

  /** Number of diverted flows. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** True if no further flow can be diverted. */
  get isFull(): boolean {
    return this.size >= FLOWS_MAX
  }

  /**
   * Returns the port of a flow, or {@link NO_ROUTE} if it is not diverted. Changes and allocates
   * nothing.
   */
  portOf(sourceAddress: number, destinationAddress: number, sourcePort: number, destinationPort: number): number {
    return (
      this.#young.get(sourceAddress, destinationAddress, sourcePort, destinationPort, IpProtocol.TCP) ??
      this.#old.get(sourceAddress, destinationAddress, sourcePort, destinationPort, IpProtocol.TCP) ??
      NO_ROUTE
    )
  }

  /** Makes the change that the decision about a packet implies. */
  record(
    diversion: Diversion,
    sourceAddress: number,
    destinationAddress: number,
    sourcePort: number,
    destinationPort: number,
    port: number,
  ): void {
    switch (diversion) {
      case Diversion.USE:
        this.use(sourceAddress, destinationAddress, sourcePort, destinationPort)
        return
      case Diversion.DELETE:
        this.delete(sourceAddress, destinationAddress, sourcePort, destinationPort)
        return
      case Diversion.ADD:
        this.add(sourceAddress, destinationAddress, sourcePort, destinationPort, port)
        return
      case Diversion.OVER_LIMIT:
        this.overLimit++
    }
  }

  /** Records a packet of a diverted flow: the flow is not idle. */
  use(sourceAddress: number, destinationAddress: number, sourcePort: number, destinationPort: number): void {
    if (this.#old.size === 0) return
    const { TCP } = IpProtocol
    const port = this.#old.delete(sourceAddress, destinationAddress, sourcePort, destinationPort, TCP)
    if (port !== undefined) this.#young.set(sourceAddress, destinationAddress, sourcePort, destinationPort, TCP, port)
  }

  /** Adds a flow that begins, with its port. */
  add(
    sourceAddress: number,
    destinationAddress: number,
    sourcePort: number,
    destinationPort: number,
    port: number,
  ): void {
    this.delete(sourceAddress, destinationAddress, sourcePort, destinationPort)
    this.total++
    this.#young.set(sourceAddress, destinationAddress, sourcePort, destinationPort, IpProtocol.TCP, port)
  }

  delete(sourceAddress: number, destinationAddress: number, sourcePort: number, destinationPort: number): void {
    this.#young.delete(sourceAddress, destinationAddress, sourcePort, destinationPort, IpProtocol.TCP)
    this.#old.delete(sourceAddress, destinationAddress, sourcePort, destinationPort, IpProtocol.TCP)
  }

  /** Deletes idle flows. To be called every second or so. @param now ms */
  expire(now: number): void {
    if (now - this.#turnedAt < IDLE_MS) return
    this.#turnedAt = now
    this.#old = this.#young
    this.#young = new FiveTupleMap()
  }
}
