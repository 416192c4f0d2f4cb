import { FiveTupleMap } from '@fivetuple/packet'
import { rateLimit } from './capacity.js'
import { PortPool } from './nat/port-pool.js'
import {
  type BackendChange,
  type BackendSpec,
  Service,
  ServiceBackend,
  type ServiceKey,
  type ServiceSpec,
} from './service.js'

/**
 * First turns of services: many more than a service has backends, so that each backend is as likely
 * to be the first.
 */
const FIRST_TURNS = 65_536

/** Port pools are shared by the services that use an endpoint, and go with the last of them. */
interface SharedPool {
  readonly pool: PortPool
  users: number
}

/**
 * The services of an LB and their backends. Services are added and changed while sessions stand: a
 * backend that no service lists any more is kept until its last session is gone.
 */
export class ServiceTable {
  readonly #portRange: readonly [number, number]
  readonly #random: () => number
  readonly #services = new FiveTupleMap<Service>()
  /** By backend endpoint: what a packet from the downlink is looked up by. */
  readonly #pools = new FiveTupleMap<SharedPool>()
  /** By the number in session records. */
  readonly #backends: (ServiceBackend | undefined)[] = []
  #usablePorts: number | null = null
  readonly #freeNumbers: number[] = []
  /** False as long as no service has used TOA: no session need be looked at for it. */
  mayUseToa = false

  /**
   * @param portRange first and last source port towards backends, inclusive
   * @param random uniform in [0, 1): where in that range each backend's ports begin, and with which
   * turn a service does
   */
  constructor(portRange: readonly [number, number], random: () => number) {
    this.#portRange = portRange
    this.#random = random
  }

  /** The services, lazily; they must not be changed while they are walked. */
  values(): IterableIterator<Service> {
    return this.#services.values()
  }

  find(address: number, port: number, protocol: number): Service | undefined {
    return this.#services.get(address, 0, port, 0, protocol)
  }

  /** The source ports towards a backend endpoint, if a service or a session uses it. */
  ports(address: number, port: number, protocol: number): PortPool | undefined {
    return this.#pools.get(address, 0, port, 0, protocol)?.pool
  }

  /** The session that a backend knows by a source port, or -1. */
  sessionOf(backendAddress: number, backendPort: number, natPort: number, protocol: number): number {
    return this.ports(backendAddress, backendPort, protocol)?.sessionOf(natPort) ?? -1
  }

  /** The backend of a session. */
  backend(number: number): ServiceBackend {
    return this.#backends[number]!
  }

  /**
   * Adds a service, or changes the one with the same key; a backend whose endpoint stays keeps its
   * counters.
   */
  set(spec: ServiceSpec): void {
    let service = this.find(spec.address, spec.port, spec.protocol)
    if (service === undefined) {
      service = new Service(spec, Math.floor(this.#random() * FIRST_TURNS))
      this.#services.set(spec.address, 0, spec.port, 0, spec.protocol, service)
    }
    if (service.spec.limits?.newFlowsPerSecond !== spec.limits?.newFlowsPerSecond || service.version === 0)
      service.newFlowRate = rateLimit(spec.limits?.newFlowsPerSecond ?? null, 0)
    service.spec = spec
    if (spec.clientAddress === 'toa') this.mayUseToa = true
    const before = service.backends
    const known = this.#backends.filter((backend) => backend?.service === service)
    service.backends = spec.backends.map((backendSpec) => {
      const at = known.findIndex((b) => b?.address === backendSpec.address && b.port === backendSpec.port)
      if (at < 0) return this.#add(service, backendSpec)
      const backend = known.splice(at, 1)[0]!
      backend.spec = backendSpec
      backend.isListed = true
      return backend
    })
    for (const backend of known) if (backend !== undefined) backend.isListed = false
    service.changed()
    for (const backend of before) this.freeIfUnused(backend)
  }

  /**
   * Changes a backend of a service, named by its endpoint. Its sessions stay. Returns false if
   * there is none.
   */
  setBackend(key: ServiceKey, backendAddress: number, backendPort: number, change: BackendChange): boolean {
    const service = this.find(key.address, key.port, key.protocol)
    const backend = service?.backends.find((b) => b.address === backendAddress && b.port === backendPort)
    if (service === undefined || backend === undefined) return false
    Object.assign(backend, change)
    service.changed()
    return true
  }

  /**
   * Records if a service has as many healthy backends as it needs. Returns false if there is no
   * such service.
   */
  setUp(key: ServiceKey, isUp: boolean): boolean {
    const service = this.find(key.address, key.port, key.protocol)
    if (service === undefined) return false
    service.isUp = isUp
    service.changed()
    return true
  }

  /** Limits the source ports in use towards each backend; null: the range is the limit. */
  limitPorts(usable: number | null): void {
    this.#usablePorts = usable
    for (const backend of this.#backends) backend?.ports.limit(usable)
  }

  /** To be called when the last session of a backend goes: its service may not list it any more. */
  freeIfUnused(backend: ServiceBackend): void {
    const { service, number, address, port } = backend
    if (backend.sessions > 0 || service.backends.includes(backend)) return
    this.#backends[number] = undefined
    this.#freeNumbers.push(number)
    const { protocol } = service.spec
    const shared = this.#pools.get(address, 0, port, 0, protocol)!
    if (--shared.users === 0) this.#pools.delete(address, 0, port, 0, protocol)
  }

  #add(service: Service, spec: BackendSpec): ServiceBackend {
    const { protocol } = service.spec
    let shared = this.#pools.get(spec.address, 0, spec.port, 0, protocol)
    if (shared === undefined) {
      const [first, last] = this.#portRange
      shared = { pool: new PortPool(first, last, Math.floor(this.#random() * (last - first + 1))), users: 0 }
      shared.pool.limit(this.#usablePorts)
      this.#pools.set(spec.address, 0, spec.port, 0, protocol, shared)
    }
    shared.users++
    const number = this.#freeNumbers.pop() ?? this.#backends.length
    const backend = new ServiceBackend(service, number, spec, shared.pool)
    this.#backends[number] = backend
    return backend
  }
}
