import { FiveTupleMap, IpProtocol } from '@fivetuple/packet'
import type { Flow } from './flow.js'

/** Limits of a {@link FlowTable}. */
export interface FlowLimits {
  readonly maxFlows: number
  /**
   * Flows that may exist beyond `maxFlows` if {@link isReserved} returns true for them. Default: 0.
   */
  readonly reservedFlows?: number
  /**
   * Returns true for the remote end of an incoming flow that may use the reserve. Default: false
   * for all.
   */
  readonly isReserved?: (remoteAddress: number, remotePort: number) => boolean
}

/**
 * The flows of an edge, and the room for more. The key is the four-tuple as a packet of this edge
 * has it: local address, remote address, local port, remote port.
 */
export class FlowTable {
  readonly #limits: FlowLimits
  readonly #flows = new FiveTupleMap<Flow>()
  #reserved = 0

  constructor(limits: FlowLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#flows.size
  }

  get(localAddress: number, remoteAddress: number, localPort: number, remotePort: number): Flow | undefined {
    return this.#flows.get(localAddress, remoteAddress, localPort, remotePort, IpProtocol.TCP)
  }

  /** Returns true if flows with this remote end may use the reserve. */
  isReserved(remoteAddress: number, remotePort: number): boolean {
    const { reservedFlows = 0, isReserved } = this.#limits
    return reservedFlows > 0 && (isReserved?.(remoteAddress, remotePort) ?? false)
  }

  /**
   * Returns true if there is room for one more flow. The unused part of the reserve is no room for
   * other flows.
   */
  hasRoom(isReserved: boolean): boolean {
    const { maxFlows, reservedFlows = 0 } = this.#limits
    const unused = isReserved ? 0 : Math.max(reservedFlows - this.#reserved, 0)
    return this.#flows.size < maxFlows + reservedFlows - unused
  }

  add(flow: Flow): void {
    if (flow.isReserved) this.#reserved++
    const { localAddress, remoteAddress, localPort, remotePort } = flow
    this.#flows.set(localAddress, remoteAddress, localPort, remotePort, IpProtocol.TCP, flow)
  }

  /** Removes a flow that was added. */
  delete(flow: Flow): void {
    if (flow.isReserved) this.#reserved--
    const { localAddress, remoteAddress, localPort, remotePort } = flow
    this.#flows.delete(localAddress, remoteAddress, localPort, remotePort, IpProtocol.TCP)
  }

  values(): IterableIterator<Flow> {
    return this.#flows.values()
  }
}
