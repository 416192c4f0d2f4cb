import type { TokenBucket } from '@fivetuple/packet'
import type { ClientAddressMode, ServiceLimits } from '../config.js'
import type { BackendPolicy, PolicyBackend, PolicySnapshot } from '../policy/policy.js'
import type { PortPool } from './nat/port-pool.js'
import { isInPanicMode, type PanicSettings } from './panic-mode.js'

/** Key of a service: no two services share all three. */
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
  /** Default: none. */
  readonly limits?: ServiceLimits
  /** Transport of the client's address and port to backends. Default: none. */
  readonly clientAddress?: ClientAddressMode
  /** Default: health is never ignored. */
  readonly panic?: PanicSettings
}

export interface BackendSpec {
  readonly name: string
  readonly address: number
  readonly port: number
  /** 0 to 256; 0: no new flows */
  readonly weight: number
}

const NO_PANIC: PanicSettings = { panicThreshold: 0, panicsWhenDown: false }
/** Effective weights are in hundredths, so that a backend of weight 1 can start slowly. */
const WEIGHT_SCALE = 100

/** One backend of a service, with what the LB has counted. */
export class ServiceBackend implements PolicyBackend {
  readonly service: Service
  /** Its number in session records. */
  readonly number: number
  /** Source ports towards this endpoint: shared by all services that use it. */
  readonly ports: PortPool
  spec: BackendSpec
  isHealthy = true
  /** Its service lists it. One that is listed no more keeps its sessions. */
  isListed = true
  /** An operator wants it to run empty. */
  isDrained = false
  /** Share of its weight that it is given while it starts slowly, above 0 to 1. */
  slowStartFactor = 1
  sessions = 0
  /** New flows that it refused or did not answer. */
  connectFailures = 0
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
    const { isInPanic, isUp } = this.service
    return this.isListed && this.spec.weight > 0 && !this.isDrained && ((this.isHealthy && isUp) || isInPanic)
  }
  get weight(): number {
    return Math.max(1, Math.round(this.spec.weight * WEIGHT_SCALE * this.slowStartFactor))
  }
}

/** Change of a backend's state at run time. */
export type BackendChange = Partial<Pick<ServiceBackend, 'isHealthy' | 'isDrained' | 'slowStartFactor'>>

/** A service at work. */
export class Service implements PolicySnapshot {
  spec: ServiceSpec
  backends: readonly ServiceBackend[] = []
  version = 0
  /** Flows given to backends so far. */
  newFlows = 0
  readonly #firstTurn: number
  sessions = 0
  /** It has as many healthy backends as it needs. */
  isUp = true
  /** True in panic mode: too few backends are healthy, and health is ignored when one is picked. */
  isInPanic = false
  /** New flows that were given to a backend in panic mode. */
  flowsInPanic = 0
  /** undefined: no limit */
  newFlowRate: TokenBucket | undefined

  /**
   * @param firstTurn the number of the first flow, from which policies count. It differs from LB to
   * LB and from start to start: otherwise all LBs would give their first flows to the first
   * backend.
   */
  constructor(spec: ServiceSpec, firstTurn: number) {
    this.spec = spec
    this.#firstTurn = firstTurn
  }

  /** Number of the next flow. */
  get flowNumber(): number {
    return this.#firstTurn + this.newFlows
  }

  /** To be called when anything changes that policies see. */
  changed(): void {
    this.version++
    this.isInPanic = isInPanicMode(this.backends, this.isUp, this.spec.panic ?? NO_PANIC)
  }
}
