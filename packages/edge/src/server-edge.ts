import { connect } from 'node:net'
import {
  clientAddressOption,
  type Endpoint,
  encodeProxyHeader,
  formatIpv4,
  type Prefix,
  prefixContains,
} from '@fivetuple/packet'
import type { Clock } from '@fivetuple/runtime'
import type { Flow, FlowApplication } from './flow.js'
import { SocketApplication } from './socket-application.js'
import type { TcpEdge } from './tcp-edge.js'

/** One read of a backend's socket: a jumbo segment's payload, so that each read becomes one packet. */
const READ_BUFFER_BYTES = 65_495

export interface ServerEdgeOptions {
  readonly clock: Clock
  /** Where backends live; SYNs to anywhere else are refused. */
  readonly prefixes: readonly Prefix[]
  /** Backends whose connections begin with a PROXY protocol header (version 2) that names the client. */
  readonly proxyProtocol: readonly Endpoint[]
  /** A backend could not be dialled: why (errno), and who asked for it. */
  readonly onDialError: (flow: Flow, code: string) => void
}

/**
 * The servers' side of the downlink switch: dials the real backend for each SYN, bound to the packet's source, so that
 * the backend's `accept` shows the BIP and port of the LB; the SYN is answered when the backend has answered.
 */
export class ServerEdge {
  readonly #options: ServerEdgeOptions
  readonly #edge: () => TcpEdge
  /** All backend sockets read into this one buffer; what arrives is copied out before the next read. */
  readonly #readBuffer = new Uint8Array(READ_BUFFER_BYTES)
  readonly #proxied: ReadonlySet<number>

  /** @param edge the TCP edge whose `onIncoming` is {@link accept} */
  constructor(options: ServerEdgeOptions, edge: () => TcpEdge) {
    this.#options = options
    this.#edge = edge
    this.#proxied = new Set(options.proxyProtocol.map(({ address, port }) => endpointKey(address, port)))
  }

  /** For {@link TcpEdge}'s `onIncoming`. */
  readonly accept = (flow: Flow, b: Uint8Array, tcp: number, end: number): FlowApplication | undefined => {
    const { prefixes, clock, onDialError } = this.#options
    if (!prefixes.some((prefix) => prefixContains(prefix, flow.localAddress))) return undefined
    const edge = this.#edge()
    const header = this.#proxyHeader(flow, b, tcp, end)
    let application: SocketApplication | undefined
    const socket = connect({
      host: formatIpv4(flow.localAddress),
      port: flow.localPort,
      localAddress: formatIpv4(flow.remoteAddress),
      localPort: flow.remotePort,
      allowHalfOpen: true,
      noDelay: true,
      onread: {
        buffer: this.#readBuffer,
        callback: (length, b) => {
          application?.onSocketData(Buffer.from(b.subarray(0, length)))
          return !flow.endpoint.sendBufferFull
        },
      },
    })
    let connected = false
    socket.on('connect', () => {
      connected = true
      // The peer can't send before its SYN is answered, so nothing of the flow gets in front.
      if (header !== undefined) socket.write(header)
      edge.establish(flow, clock.now())
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (connected) return // 'close' follows and tells
      onDialError(flow, error.code ?? 'unknown')
      edge.refuse(flow, clock.now())
    })
    application = new SocketApplication(edge, flow, socket, clock)
    return application
  }

  /**
   * What stands in front of the flow's bytes: the client that the SYN's option names; without one the LB speaks for itself,
   * as its health checks do. The destination is the backend's own endpoint: the VIP is not in the SYN.
   */
  #proxyHeader(flow: Flow, b: Uint8Array, tcp: number, end: number): Uint8Array | undefined {
    if (!this.#proxied.has(endpointKey(flow.localAddress, flow.localPort))) return undefined
    const client = clientAddressOption(b, tcp, end)
    return encodeProxyHeader(client, { address: flow.localAddress, port: flow.localPort })
  }
}

function endpointKey(address: number, port: number): number {
  return address * 65_536 + port
}
