import {
  clientAddressOption,
  type Endpoint,
  encodeProxyHeader,
  formatIpv4,
  type Prefix,
  prefixContains,
  vipAddressOption,
} from '@fivetuple/packet'
import { type Clock, streamSockets } from '@fivetuple/runtime'
import type { Flow, FlowApplication } from '../fabric/flow.js'
import { localFailureOf } from '../fabric/local-failure.js'
import type { TcpEdge } from '../fabric/tcp-edge.js'
import { type DialHandlers, SocketApplication, type SocketEdge } from './socket-application.js'

export interface ServerEdgeOptions {
  readonly clock: Clock
  /** Prefixes of backends; SYNs to other addresses are refused. */
  readonly prefixes: readonly Prefix[]
  /**
   * Backends whose connections begin with a PROXY protocol header (version 2) that names the
   * client.
   */
  readonly proxyProtocol: readonly Endpoint[]
  /** A backend could not be dialled: errno code and the flow that it was for. */
  readonly onDialError: (flow: Flow, code: string) => void
}

/**
 * The servers' side of the downlink switch: dials the real backend for each SYN, bound to the
 * packet's source, so that the backend's `accept` shows the BIP and port of the LB; the SYN is
 * answered when the backend has answered.
 */
export class ServerEdge {
  readonly #options: ServerEdgeOptions
  readonly #edge: () => TcpEdge
  readonly #sockets = streamSockets()
  #shared: SocketEdge | undefined
  readonly #proxied: ReadonlySet<number>

  /** @param edge the TCP edge whose `onIncoming` is {@link accept} */
  constructor(options: ServerEdgeOptions, edge: () => TcpEdge) {
    this.#options = options
    this.#edge = edge
    this.#proxied = new Set(options.proxyProtocol.map(({ address, port }) => endpointKey(address, port)))
  }

  /** For {@link TcpEdge}'s `onIncoming`. */
  readonly accept = (flow: Flow, b: Uint8Array, tcp: number, end: number): FlowApplication | undefined => {
    const { prefixes, clock } = this.#options
    if (!prefixes.some((prefix) => prefixContains(prefix, flow.localAddress))) return undefined
    const header = this.#proxyHeader(flow, b, tcp, end)
    const socket = this.#sockets.dial({
      address: formatIpv4(flow.localAddress),
      port: flow.localPort,
      localAddress: formatIpv4(flow.remoteAddress),
      localPort: flow.remotePort,
    })
    this.#shared ??= { edge: this.#edge(), clock }
    const application = new SocketApplication(
      this.#shared,
      socket,
      header === undefined ? this.#dial : this.#dialWith(header),
    )
    application.flow = flow
    socket.start(application)
    return application
  }

  readonly #dial: DialHandlers = {
    onOpen: ({ flow }) => this.#edge().establish(flow, this.#options.clock.now()),
    onFailure: ({ flow }, code) => {
      this.#options.onDialError(flow, code)
      const failure = localFailureOf(code)
      if (failure === undefined) this.#edge().refuse(flow, this.#options.clock.now())
      else this.#edge().refuseLocally(flow, failure)
    },
  }

  /**
   * The peer can't send before its SYN is answered, so nothing of the flow gets in front of the
   * header.
   */
  #dialWith(header: Uint8Array): DialHandlers {
    return {
      onOpen: (application) => {
        application.writeAhead(header)
        this.#dial.onOpen(application)
      },
      onFailure: this.#dial.onFailure,
    }
  }

  /**
   * Header in front of the flow's bytes: the client and the VIP that the SYN's options name.
   * Without a client the LB speaks for itself, as its health checks do. Without a VIP the
   * destination is the backend's own endpoint.
   */
  #proxyHeader(flow: Flow, b: Uint8Array, tcp: number, end: number): Uint8Array | undefined {
    if (!this.#proxied.has(endpointKey(flow.localAddress, flow.localPort))) return undefined
    const client = clientAddressOption(b, tcp, end)
    const vip = vipAddressOption(b, tcp, end)
    return encodeProxyHeader(client, vip ?? { address: flow.localAddress, port: flow.localPort })
  }
}

function endpointKey(address: number, port: number): number {
  return address * 65_536 + port
}
