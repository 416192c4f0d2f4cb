import { connect } from 'node:net'
import { formatIpv4, type Prefix, prefixContains } from '@fivetuple/packet'
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

  /** @param edge the TCP edge whose `onIncoming` is {@link accept} */
  constructor(options: ServerEdgeOptions, edge: () => TcpEdge) {
    this.#options = options
    this.#edge = edge
  }

  /** For {@link TcpEdge}'s `onIncoming`. */
  readonly accept = (flow: Flow): FlowApplication | undefined => {
    const { prefixes, clock, onDialError } = this.#options
    if (!prefixes.some((prefix) => prefixContains(prefix, flow.localAddress))) return undefined
    const edge = this.#edge()
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
}
