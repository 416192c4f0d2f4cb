import { parseIpv4 } from '@fivetuple/packet'
import { explainListenError, type StreamListener, type StreamSocket, streamSockets } from '@fivetuple/runtime'
import type { Flow } from './flow.js'
import { countLocalFailure, localFailureOf } from './local-failure.js'
import { SocketApplication, type SocketEdge } from './socket-application.js'

/** Wait for the flow of the connection before: its last ACK comes within a round trip of the fabric, unless it is lost. */
const REUSE_WAIT_MS = 1_000

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
    const onAcceptError = (code: string): void => {
      const failure = localFailureOf(code)
      if (failure !== undefined) countLocalFailure(this.#options.edge.counters, failure)
    }
    try {
      const onConnection = (socket: StreamSocket): void => this.#accept(service, socket)
      this.#listeners.set(service, await this.#sockets.listen({ address, port, isShared, onConnection, onAcceptError }))
    } catch (error) {
      this.#options.onListenError(service, new Error(explainListenError(error as Error, address, port)))
    }
  }

  #accept(service: ClientEdgeService, socket: StreamSocket): void {
    const client = parseIpv4(socket.remoteAddress)
    if (client === undefined) {
      socket.destroy() // it has gone already
      return
    }
    const { edge } = this.#options
    if (this.#open(service, client, socket)) return
    const before = edge.occupant(client, socket.remotePort, service.address, service.port)
    if (before === undefined) socket.reset()
    else this.#openAfter(before, service, client, socket)
  }

  /** Returns false if no flow can be opened: the socket is as it was. */
  #open(service: ClientEdgeService, client: number, socket: StreamSocket): boolean {
    const { edge, clock } = this.#options
    const application = new SocketApplication(this.#options, socket)
    const flow = edge.connect(client, socket.remotePort, service.address, service.port, application, clock.now())
    if (flow === undefined) return false
    application.flow = flow
    socket.start(application)
    return true
  }

  /**
   * Opens a flow once the one before it with the same five-tuple has ended. The kernel accepts a connection from the same
   * client port as soon as both FINs have crossed between the client and this host (RFC 6191 §2); the flow of the connection
   * before ends later, when they have crossed the fabric.
   */
  #openAfter(before: Flow, service: ClientEdgeService, client: number, socket: StreamSocket): void {
    const open = (): void => {
      before.onReleased = undefined
      clearTimeout(deadline)
      if (this.#open(service, client, socket)) return
      this.#options.edge.counters.tupleInUse++
      socket.reset()
    }
    const deadline = setTimeout(open, REUSE_WAIT_MS).unref()
    before.onReleased = () => queueMicrotask(open)
  }
}
