import { FiveTupleMap, IpProtocol, NO_ROUTE } from '@fivetuple/packet'

/**
 * Most flows remembered. One more is not diverted: better a flow on an LB that drains than a flow
 * that breaks.
 */
const FLOWS_MAX = 65_536
/**
 * A flow without a packet for so long, or up to twice as long, is deleted, ms. Edges probe a silent
 * flow every few seconds, so one that is alive is not silent.
 */
const IDLE_MS = 60_000

/**
 * TCP flows that began while their hash pointed to an LB that drains, and the port that they were
 * given instead. The only state per flow of a switch, and only while LBs drain: see
 * docs/design/0004-drain-without-moving-flows.md.
 *
 * Idle flows go by generation: what is used moves to the young one, and the old one is dropped as a
 * whole.
 */
export class DivertedFlows {
  #young = new FiveTupleMap<number>()
  #old = new FiveTupleMap<number>()
  #turnedAt: number
  /** Flows diverted since the start. */
  total = 0
  /** Flows that were not diverted, because as many are remembered as may be. */
  overLimit = 0

  /** @param now ms */
  constructor(now: number) {
    this.#turnedAt = now
  }

  /** Number of flows remembered. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** True if no further flow can be remembered. */
  get isFull(): boolean {
    return this.size >= FLOWS_MAX
  }

  /**
   * Returns the port of a flow, or {@link NO_ROUTE} if it is not remembered. Changes nothing and
   * allocates nothing.
   */
  portOf(sourceAddress: number, destinationAddress: number, sourcePort: number, destinationPort: number): number {
    return (
      this.#young.get(sourceAddress, destinationAddress, sourcePort, destinationPort, IpProtocol.TCP) ??
      this.#old.get(sourceAddress, destinationAddress, sourcePort, destinationPort, IpProtocol.TCP) ??
      NO_ROUTE
    )
  }

  /** Records a packet of a flow that is remembered: the flow is not idle. */
  use(sourceAddress: number, destinationAddress: number, sourcePort: number, destinationPort: number): void {
    if (this.#old.size === 0) return
    const { TCP } = IpProtocol
    const port = this.#old.delete(sourceAddress, destinationAddress, sourcePort, destinationPort, TCP)
    if (port !== undefined) this.#young.set(sourceAddress, destinationAddress, sourcePort, destinationPort, TCP, port)
  }

  /** Remembers the port of a flow that begins. */
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
