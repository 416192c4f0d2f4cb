import type { PortPool } from './nat/port-pool.js'
import type { BackendPolicy, PolicyBackend, PolicySnapshot } from './policy/policy.js'

/** A virtual service: what an LB does with flows to one VIP, port and protocol. */
export interface ServiceSpec {
  readonly name: string
  readonly address: number
  readonly port: number
  /** IANA protocol number */
  readonly protocol: number
  readonly policy: BackendPolicy
  readonly backends: readonly BackendSpec[]
}

export interface BackendSpec {
  readonly name: string
  readonly address: number
  readonly port: number
  readonly weight: number
}

/** One backend of a service, with what the LB has counted. */
export class ServiceBackend implements PolicyBackend {
  readonly spec: BackendSpec
  /** Source ports towards this endpoint: shared by all services that use it. */
  readonly ports: PortPool
  eligible = true
  sessions = 0
  newFlows = 0

  constructor(spec: BackendSpec, ports: PortPool) {
    this.spec = spec
    this.ports = ports
  }

  get weight(): number {
    return this.spec.weight
  }
}

/** A service at work. */
export class Service implements PolicySnapshot {
  readonly spec: ServiceSpec
  readonly backends: readonly ServiceBackend[]
  /** Flows given to backends so far; what round-robin counts by. */
  flowNumber = 0
  sessions = 0

  constructor(spec: ServiceSpec, backends: readonly ServiceBackend[]) {
    this.spec = spec
    this.backends = backends
  }
}
