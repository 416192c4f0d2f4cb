import { FiveTupleMap, IpProtocol } from '@fivetuple/packet'

/** Most flows remembered. One more is not diverted: better a flow on an LB that drains than a flow that breaks. */
const FLOWS_MAX = 65_536
/**
 * A flow without a packet for so long, or up to twice as long, is forgotten, ms. Edges probe a silent flow every few seconds,
 * so one that is alive is not.
 */
const IDLE_MS = 60_000

/**
 * TCP flows that began while their hash pointed to an LB that drains, and the port that they were given instead. The only
 * thing that a switch remembers of flows, and only while LBs drain: see docs/design/0004-drain-without-moving-flows.md.
 *
 * Idle flows go by generation: what is used moves to the young one, and the old one is dropped as a whole.
 */
export class DivertedFlows {
  #young = new FiveTupleMap<number>()
  #old = new FiveTupleMap<number>()
  #turnedAt: number
  /** Flows diverted since the start. */
  total = 0
  /** Flows that were not, because so many are remembered. */
  overLimit = 0

  /** @param now ms */
  constructor(now: number) {
    this.#turnedAt = now
  }

  /** Flows remembered. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The port of a flow, or -1 when it is not remembered. Allocation-free. */
  portOf(source: number, destination: number, sourcePort: number, destinationPort: number): number {
    const port = this.#young.get(source, destination, sourcePort, destinationPort, IpProtocol.TCP)
    if (port !== undefined) return port
    const old = this.#old.delete(source, destination, sourcePort, destinationPort, IpProtocol.TCP)
    if (old === undefined) return -1
    this.#young.set(source, destination, sourcePort, destinationPort, IpProtocol.TCP, old)
    return old
  }

  /** As {@link portOf}, for people: it does not count as use. */
  peek(source: number, destination: number, sourcePort: number, destinationPort: number): number {
    const of = (flows: FiveTupleMap<number>) =>
      flows.get(source, destination, sourcePort, destinationPort, IpProtocol.TCP)
    return of(this.#young) ?? of(this.#old) ?? -1
  }

  /** Remembers the port of a flow; false when there is no room. */
  remember(source: number, destination: number, sourcePort: number, destinationPort: number, port: number): boolean {
    if (this.size >= FLOWS_MAX) {
      this.overLimit++
      return false
    }
    this.total++
    this.#young.set(source, destination, sourcePort, destinationPort, IpProtocol.TCP, port)
    return true
  }

  forget(source: number, destination: number, sourcePort: number, destinationPort: number): void {
    this.#young.delete(source, destination, sourcePort, destinationPort, IpProtocol.TCP)
    this.#old.delete(source, destination, sourcePort, destinationPort, IpProtocol.TCP)
  }

  /** To be called every second or so. */
  expire(now: number): void {
    if (now - this.#turnedAt < IDLE_MS) return
    this.#turnedAt = now
    this.#old = this.#young
    this.#young = new FiveTupleMap()
  }
}
