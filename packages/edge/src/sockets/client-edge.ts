import { parseIpv4 } from '@fivetuple/packet'
import { type StreamListener, type StreamSocket, streamSockets } from '@fivetuple/runtime'
import type { Flow } from '../fabric/flow.js'
import { countLocalFailure, localFailureOf } from '../fabric/local-failure.js'
import type { ClientEdgeService } from './client-edge-service.js'
import { type ListenFailure, ServiceListeners } from './service-listeners.js'
import { SocketApplication, type SocketEdge } from './socket-application.js'

/**
 * Wait for the flow of the connection before: its last ACK comes within a round trip of the fabric,
 * unless it is lost.
 */
const REUSE_WAIT_MS = 1_000

export interface ClientEdgeOptions extends SocketEdge {
  readonly services: readonly ClientEdgeService[]
  /**
   * True if other workers of the same node:cluster primary listen for the same services. Default:
   * none do.
   */
  readonly isShared?: boolean
  /** The listeners that can't be opened have changed. */
  readonly onListenFailures: (failures: readonly ListenFailure[]) => void
  /** Time between attempts to open a listener, ms. */
  readonly listenRetryMs?: number
}

/**
 * The clients' side of the uplink switch: listens on a service's real address for as long as its
 * VIP has a route, and opens one fabric flow per accepted connection with the client's own address
 * as its source.
 */
export class ClientEdge {
  readonly #options: ClientEdgeOptions
  readonly #listeners: ServiceListeners<StreamListener>

  constructor(options: ClientEdgeOptions) {
    this.#options = options
    const { services, isShared = false, onListenFailures, listenRetryMs } = options
    const sockets = streamSockets()
    const onAcceptError = (code: string): void => {
      const failure = localFailureOf(code)
      if (failure !== undefined) countLocalFailure(options.edge.counters, failure)
    }
    this.#listeners = new ServiceListeners({
      services,
      open: (service) => {
        const { address, port } = service.listen
        const onConnection = (socket: StreamSocket): void => this.#accept(service, socket)
        return sockets.listen({ address, port, isShared, onConnection, onAcceptError })
      },
      close: (listener) => void listener.close(),
      onFailures: onListenFailures,
      retryMs: listenRetryMs,
    })
  }

  /** The services that are being listened for. */
  get listening(): ClientEdgeService[] {
    return this.#listeners.listening
  }

  /** The services that can't be listened for. */
  get listenFailures(): ListenFailure[] {
    return this.#listeners.failures
  }

  /**
   * Opens and closes listeners to match `hasRoute`. Established connections are not touched.
   * Resolves when each wanted listener is open or has failed; one that has failed is tried again.
   */
  update(hasRoute: (address: number) => boolean): Promise<void> {
    return this.#listeners.update(hasRoute)
  }

  /** Closes all listeners; flows are the TCP edge's to end. */
  close(): Promise<void> {
    return this.#listeners.close()
  }

  #accept(service: ClientEdgeService, socket: StreamSocket): void {
    const client = parseIpv4(socket.remoteAddress)
    if (client === undefined) {
      this.#recordTurnedAway(service, 0, socket)
      socket.destroy() // it has gone already
      return
    }
    const { edge } = this.#options
    if (this.#open(service, client, socket)) return
    const before = edge.occupant(client, service.address, socket.remotePort, service.port)
    if (before === undefined) {
      this.#recordTurnedAway(service, client, socket)
      socket.reset()
    } else this.#openAfter(before, service, client, socket)
  }

  /** Returns false if no flow can be opened: the socket is as it was. */
  #open(service: ClientEdgeService, client: number, socket: StreamSocket): boolean {
    const { edge, clock } = this.#options
    const application = new SocketApplication(this.#options, socket)
    const flow = edge.connect(client, service.address, socket.remotePort, service.port, application, clock.now())
    if (flow === undefined) return false
    application.flow = flow
    socket.start(application)
    return true
  }

  #recordTurnedAway(service: ClientEdgeService, client: number, socket: StreamSocket): void {
    const { edge, clock } = this.#options
    edge.recordTurnedAway(client, service.address, socket.remotePort, service.port, clock.now())
  }

  /**
   * Opens a flow once the one before it with the same five-tuple has ended. The kernel accepts a
   * connection from the same client port as soon as both FINs have crossed between the client and
   * this host (RFC 6191 §2); the flow of the connection before ends later, when they have crossed
   * the fabric.
   */
  #openAfter(before: Flow, service: ClientEdgeService, client: number, socket: StreamSocket): void {
    const open = (): void => {
      before.onReleased = undefined
      clearTimeout(deadline)
      if (this.#open(service, client, socket)) return
      this.#options.edge.counters.tupleInUse++
      this.#recordTurnedAway(service, client, socket)
      socket.reset()
    }
    const deadline = setTimeout(open, REUSE_WAIT_MS).unref()
    before.onReleased = () => queueMicrotask(open)
  }
}
