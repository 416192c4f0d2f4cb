import type { PortPool } from './nat/port-pool.js'
import type { BackendPolicy, PolicyBackend, PolicySnapshot } from './policy/policy.js'

/** What names a service: no two share all three. */
export interface ServiceKey {
  readonly address: number
  readonly port: number
  /** IANA protocol number */
  readonly protocol: number
}

/** A virtual service: what an LB does with flows to one VIP, port and protocol. */
export interface ServiceSpec extends ServiceKey {
  readonly name: string
  readonly policy: BackendPolicy
  readonly backends: readonly BackendSpec[]
}

export interface BackendSpec {
  readonly name: string
  readonly address: number
  readonly port: number
  /** 0 to 65,535; 0: no new flows */
  readonly weight: number
}

/** One backend of a service, with what the LB has counted. */
export class ServiceBackend implements PolicyBackend {
  readonly service: Service
  /** Which it is in session records. */
  readonly number: number
  /** Source ports towards this endpoint: shared by all services that use it. */
  readonly ports: PortPool
  spec: BackendSpec
  /** Health or an operator says that it may have new flows. */
  isAdmitted = true
  sessions = 0
  newFlows = 0

  constructor(service: Service, number: number, spec: BackendSpec, ports: PortPool) {
    this.service = service
    this.number = number
    this.spec = spec
    this.ports = ports
  }

  get address(): number {
    return this.spec.address
  }
  get port(): number {
    return this.spec.port
  }
  get eligible(): boolean {
    return this.isAdmitted && this.spec.weight > 0
  }
  get weight(): number {
    return this.spec.weight
  }
}

/** A service at work. */
export class Service implements PolicySnapshot {
  spec: ServiceSpec
  backends: readonly ServiceBackend[] = []
  version = 0
  /** Flows given to backends so far; what round-robin counts by. */
  flowNumber = 0
  sessions = 0

  constructor(spec: ServiceSpec) {
    this.spec = spec
  }
}
