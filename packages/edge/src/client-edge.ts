import { createServer, type Server, type Socket } from 'node:net'
import { parseIpv4 } from '@fivetuple/packet'
import { type Clock, listenExclusive } from '@fivetuple/runtime'
import type { FlowApplication } from './flow.js'
import { SocketApplication } from './socket-application.js'
import type { TcpEdge } from './tcp-edge.js'

/** One TCP service of a VIP as clients see it. */
export interface ClientEdgeService {
  readonly name: string
  /** The VIP in the fabric. */
  readonly address: number
  readonly port: number
  /** Where its clients connect: the same, or another place when it is exposed. */
  readonly listen: { readonly address: string; readonly port: number }
}

export interface ClientEdgeOptions {
  readonly edge: TcpEdge
  readonly clock: Clock
  readonly services: readonly ClientEdgeService[]
  /** A listener could not be opened. */
  readonly onListenError: (service: ClientEdgeService, error: Error) => void
}

/**
 * The clients' side of the uplink switch: listens on a service's real address for as long as its VIP has a route, and
 * opens one fabric flow per accepted connection with the client's own address as its source.
 */
export class ClientEdge {
  readonly #options: ClientEdgeOptions
  readonly #servers = new Map<ClientEdgeService, Server>()
  #changes: Promise<void> = Promise.resolve()

  constructor(options: ClientEdgeOptions) {
    this.#options = options
  }

  /** The services that are being listened for. */
  get listening(): ClientEdgeService[] {
    return [...this.#servers.keys()]
  }

  /**
   * Opens and closes listeners to match `hasRoute`. Connections that stand are not touched. Resolves when all is as asked;
   * calls are carried out one after the other.
   */
  update(hasRoute: (address: number) => boolean): Promise<void> {
    const wanted = this.#options.services.filter((service) => hasRoute(service.address))
    this.#changes = this.#changes.then(() => this.#apply(wanted))
    return this.#changes
  }

  /** Closes all listeners; flows are the TCP edge's to end. */
  close(): Promise<void> {
    return this.update(() => false)
  }

  async #apply(wanted: readonly ClientEdgeService[]): Promise<void> {
    for (const [service, server] of this.#servers) {
      if (wanted.includes(service)) continue
      this.#servers.delete(service)
      server.close()
    }
    await Promise.all(wanted.filter((service) => !this.#servers.has(service)).map((service) => this.#listen(service)))
  }

  async #listen(service: ClientEdgeService): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(service, socket))
    try {
      await listenExclusive(server, service.listen.address, service.listen.port)
      this.#servers.set(service, server)
    } catch (error) {
      this.#options.onListenError(service, error as Error)
    }
  }

  #accept(service: ClientEdgeService, socket: Socket): void {
    const { edge, clock } = this.#options
    socket.on('error', () => {}) // 'close' follows and tells
    const client = parseIpv4(socket.remoteAddress ?? '')
    const clientPort = socket.remotePort
    if (client === undefined || clientPort === undefined) {
      socket.destroy()
      return
    }
    const pending = new PendingApplication()
    const flow = edge.connect(client, clientPort, service.address, service.port, pending, clock.now())
    if (flow === undefined) {
      socket.resetAndDestroy()
      return
    }
    const application = new SocketApplication(edge, flow, socket, clock)
    flow.application = application
    if (pending.failed) application.onFailure('refused')
    socket.on('data', application.onSocketData)
  }
}

/** Stands in while `connect` runs: the flow may fail at once, when there is no route. */
class PendingApplication implements FlowApplication {
  failed = false
  onConnected(): void {}
  onData(): void {}
  onEnd(): void {}
  onWritable(): void {}
  onFailure(): void {
    this.failed = true
  }
  onClosed(): void {}
}
