import { parseIpv4 } from '@fivetuple/packet'
import { explainListenError, type StreamListener, type StreamSocket, streamSockets } from '@fivetuple/runtime'
import { SocketApplication, type SocketEdge } from './socket-application.js'

/** One TCP service of a VIP as clients see it. */
export interface ClientEdgeService {
  readonly name: string
  /** The VIP in the fabric. */
  readonly address: number
  readonly port: number
  /** Where its clients connect: the same, or another place when it is exposed. */
  readonly listen: { readonly address: string; readonly port: number }
}

export interface ClientEdgeOptions extends SocketEdge {
  readonly services: readonly ClientEdgeService[]
  /** Whether other workers of the same node:cluster primary listen for the same services. Default: none do. */
  readonly isShared?: boolean
  /** A listener could not be opened. */
  readonly onListenError: (service: ClientEdgeService, error: Error) => void
}

/**
 * The clients' side of the uplink switch: listens on a service's real address for as long as its VIP has a route, and
 * opens one fabric flow per accepted connection with the client's own address as its source.
 */
export class ClientEdge {
  readonly #options: ClientEdgeOptions
  readonly #sockets = streamSockets()
  readonly #listeners = new Map<ClientEdgeService, StreamListener>()
  #changes: Promise<void> = Promise.resolve()

  constructor(options: ClientEdgeOptions) {
    this.#options = options
  }

  /** The services that are being listened for. */
  get listening(): ClientEdgeService[] {
    return [...this.#listeners.keys()]
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
    for (const [service, listener] of this.#listeners) {
      if (wanted.includes(service)) continue
      this.#listeners.delete(service)
      void listener.close()
    }
    await Promise.all(wanted.filter((service) => !this.#listeners.has(service)).map((service) => this.#listen(service)))
  }

  async #listen(service: ClientEdgeService): Promise<void> {
    const { address, port } = service.listen
    const { isShared = false } = this.#options
    try {
      const onConnection = (socket: StreamSocket): void => this.#accept(service, socket)
      this.#listeners.set(service, await this.#sockets.listen({ address, port, isShared, onConnection }))
    } catch (error) {
      this.#options.onListenError(service, new Error(explainListenError(error as Error, address, port)))
    }
  }

  #accept(service: ClientEdgeService, socket: StreamSocket): void {
    const { edge, clock } = this.#options
    const client = parseIpv4(socket.remoteAddress)
    if (client === undefined) {
      socket.destroy() // it has gone already
      return
    }
    const application = new SocketApplication(this.#options, socket)
    const flow = edge.connect(client, socket.remotePort, service.address, service.port, application, clock.now())
    if (flow === undefined) {
      socket.reset()
      return
    }
    application.flow = flow
    socket.start(application)
  }
}
