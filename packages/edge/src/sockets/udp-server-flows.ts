import { type FiveTuple, FiveTupleMap, IpProtocol } from '@fivetuple/packet'
import type { DatagramSocket } from '@fivetuple/runtime'
import { type IdleEntry, IdleList } from '../fabric/idle-list.js'

/** Source and destination of a flow, as the packets from the fabric have them. */
export interface UdpFlowKey {
  readonly source: number
  readonly sourcePort: number
  readonly backend: number
  readonly backendPort: number
}

/** One UDP flow and its socket. */
export interface UdpServerFlow extends UdpFlowKey, IdleEntry<UdpServerFlow> {
  readonly socket: DatagramSocket
  /** Datagrams that wait until the socket is connected; undefined once it is. */
  pending: Buffer[] | undefined
  /** Bytes of `pending`. */
  pendingBytes: number
  /** Time of the last datagram of the client, ms. */
  usedAt: number
  /** True if the client has sent more than one datagram. */
  isStream: boolean
  /** True if the backend has sent something since the last sweep. */
  hasResponded: boolean
}

/** The flows of a UDP server edge, and the order in which they make room for new ones. */
export class UdpServerFlows {
  readonly #flows = new FiveTupleMap<UdpServerFlow>()
  /**
   * Flows with one datagram of the client, such as a request and its response. They make room
   * first.
   */
  readonly #requests = new IdleList<UdpServerFlow>()
  readonly #streams = new IdleList<UdpServerFlow>()

  get size(): number {
    return this.#flows.size
  }

  /** The flow that makes room for a new one: the one that has been idle longest. */
  get longestIdle(): UdpServerFlow | undefined {
    return this.#requests.longest ?? this.#streams.longest
  }

  /** All flows, as a copy: flows may be deleted while it is walked. */
  all(): UdpServerFlow[] {
    return [...this.#flows.values()]
  }

  get(source: number, backend: number, sourcePort: number, backendPort: number): UdpServerFlow | undefined {
    return this.#flows.get(source, backend, sourcePort, backendPort, IpProtocol.UDP)
  }

  add(flow: UdpServerFlow): void {
    this.#requests.add(flow)
    this.#flows.set(flow.source, flow.backend, flow.sourcePort, flow.backendPort, IpProtocol.UDP, flow)
  }

  /** Deletes a flow; returns false if it has been deleted before. */
  delete(flow: UdpServerFlow): boolean {
    const { source, backend, sourcePort, backendPort } = flow
    if (this.#flows.delete(source, backend, sourcePort, backendPort, IpProtocol.UDP) === undefined) return false
    this.#listOf(flow).remove(flow)
    return true
  }

  /** Records a use of a flow: it is the least idle one of its kind. */
  use(flow: UdpServerFlow): void {
    this.#listOf(flow).use(flow)
  }

  /** Records a further datagram of the client, which makes the flow a stream. */
  useAgain(flow: UdpServerFlow): void {
    if (!flow.isStream) {
      this.#requests.remove(flow)
      flow.isStream = true
      this.#streams.add(flow)
    } else this.#streams.use(flow)
  }

  #listOf(flow: UdpServerFlow): IdleList<UdpServerFlow> {
    return flow.isStream ? this.#streams : this.#requests
  }
}

/** Returns the five-tuple of packets from the fabric, as an ICMP error quotes them. */
export function tupleOf({ source, sourcePort, backend, backendPort }: UdpFlowKey): FiveTuple {
  return {
    sourceAddress: source,
    sourcePort,
    destinationAddress: backend,
    destinationPort: backendPort,
    protocol: IpProtocol.UDP,
  }
}
