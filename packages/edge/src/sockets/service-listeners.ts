import { explainListenError } from '@fivetuple/runtime'
import type { ClientEdgeService } from './client-edge-service.js'

/** Default time between attempts to open a listener, ms. */
const RETRY_MS = 1_000

/**
 * A service that clients can't reach although its VIP has a route: its address and port can't be
 * bound.
 */
export interface ListenFailure {
  readonly service: ClientEdgeService
  /** errno, as in `EADDRINUSE`. */
  readonly code: string
  /** Address, port, meaning of the error and remedy, for people. */
  readonly reason: string
}

export interface ServiceListenersOptions<L> {
  readonly services: readonly ClientEdgeService[]
  /** Opens a listener; rejects with an error that has an errno as its code. */
  readonly open: (service: ClientEdgeService) => Promise<L>
  readonly close: (listener: L, service: ClientEdgeService) => void
  /** The failures have changed. */
  readonly onFailures: (failures: readonly ListenFailure[]) => void
  /** Time between attempts to open a listener, ms. */
  readonly retryMs?: number | undefined
}

/**
 * Listeners of the services whose VIPs have routes. A listener that can't be opened is a failure,
 * and is tried again.
 */
export class ServiceListeners<L> {
  readonly #options: ServiceListenersOptions<L>
  readonly #open = new Map<ClientEdgeService, L>()
  readonly #failures = new Map<ClientEdgeService, ListenFailure>()
  #wanted: readonly ClientEdgeService[] = []
  #changes: Promise<void> = Promise.resolve()
  #retry: NodeJS.Timeout | undefined

  constructor(options: ServiceListenersOptions<L>) {
    this.#options = options
  }

  /** The services that are being listened for. */
  get listening(): ClientEdgeService[] {
    return [...this.#open.keys()]
  }

  get failures(): ListenFailure[] {
    return [...this.#failures.values()]
  }

  /**
   * Opens and closes listeners to match `hasRoute`. Resolves when each wanted one is open or has
   * failed; calls are carried out one after the other.
   */
  update(hasRoute: (address: number) => boolean): Promise<void> {
    const wanted = this.#options.services.filter((service) => hasRoute(service.address))
    this.#changes = this.#changes.then(() => {
      this.#wanted = wanted
      return this.#apply()
    })
    return this.#changes
  }

  close(): Promise<void> {
    return this.update(() => false)
  }

  async #apply(): Promise<void> {
    clearTimeout(this.#retry)
    const wanted = new Set(this.#wanted)
    const before = this.#summary()
    for (const [service, listener] of this.#open) {
      if (wanted.has(service)) continue
      this.#open.delete(service)
      this.#options.close(listener, service)
    }
    for (const service of this.#failures.keys()) if (!wanted.has(service)) this.#failures.delete(service)
    await Promise.all(this.#wanted.map((service) => (this.#open.has(service) ? undefined : this.#listen(service))))
    if (this.#failures.size > 0) this.#armRetry()
    if (this.#summary() !== before) this.#options.onFailures(this.failures)
  }

  async #listen(service: ClientEdgeService): Promise<void> {
    try {
      this.#open.set(service, await this.#options.open(service))
      this.#failures.delete(service)
    } catch (error) {
      const { code = 'unknown', message } = error as NodeJS.ErrnoException
      this.#failures.set(service, { service, code, reason: reasonOf(service, { code, message }) })
    }
  }

  #armRetry(): void {
    this.#retry = setTimeout(() => {
      this.#changes = this.#changes.then(() => this.#apply())
    }, this.#options.retryMs ?? RETRY_MS).unref()
  }

  #summary(): string {
    return this.failures.map(({ reason }) => reason).join('\n')
  }
}

function reasonOf({ listen }: ClientEdgeService, error: { readonly code: string; readonly message: string }): string {
  const { address, port } = listen
  const where = `${address}:${port}`
  switch (error.code) {
    case 'EADDRINUSE':
      return `${where} is in use: end the program that listens there, or choose another port, or another place with 'expose'`
    case 'EACCES':
      return `${where} may not be bound: ports below the sysctl net.ipv4.ip_unprivileged_port_start need privileges; choose a higher one with 'port' or 'expose'`
    default:
      return explainListenError(error, address, port)
  }
}
