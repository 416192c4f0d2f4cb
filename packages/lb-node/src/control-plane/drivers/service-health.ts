import { IpProtocol, parseIpv4 } from '@fivetuple/packet'
import { type Clock, DeadlineTimer } from '@fivetuple/runtime'
import type { LbBackendConfig, LbServiceConfig } from '../../config.js'
import type { BackendChange } from '../../data-plane/service.js'
import type { CheckView } from '../../status.js'
import type { CheckHost } from '../health/check.js'
import { type CheckSpec, checkKey } from '../health/check-spec.js'
import type { CheckPath } from '../health/path-monitor.js'
import { slowStartNextChange, slowStartShare } from '../health/slow-start.js'
import { isServiceUp } from '../health/watermark.js'
import { HealthChecker } from './health-checker.js'

/** Health of one backend of a service. */
interface BackendHealth {
  readonly config: LbBackendConfig
  readonly check: CheckSpec
  isHealthy: boolean
  /** When it recovered, ms; -Infinity: it has been healthy all along. */
  healthySince: number
  share: number
}

interface WatchedService {
  config: LbServiceConfig
  isUp: boolean
  backends: BackendHealth[]
}

export interface ServiceHealthOptions {
  readonly host: CheckHost
  /** The path that all checks take. */
  readonly path: CheckPath
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  /** A backend of a service is healthy or not, or has another share of its weight. */
  readonly onBackend: (
    service: LbServiceConfig,
    backend: LbBackendConfig,
    change: Pick<BackendChange, 'isHealthy' | 'slowStartFactor'>,
    reason: string,
  ) => void
  /** A service has as many healthy backends as it needs, or not any more. */
  readonly onService: (service: LbServiceConfig, isUp: boolean) => void
}

/**
 * Health of services, derived from health checks: the share of each backend, and the state of the
 * service.
 */
export class ServiceHealth {
  readonly #options: ServiceHealthOptions
  readonly #checker: HealthChecker
  readonly #slowStarts: DeadlineTimer
  readonly #services = new Map<string, WatchedService>()
  /** Names of backends that an operator drains. */
  readonly #drained = new Set<string>()

  constructor(options: ServiceHealthOptions) {
    const { host, path, clock, random } = options
    this.#options = options
    this.#checker = new HealthChecker({
      host,
      path,
      clock,
      random,
      onChange: (check, isHealthy, reason) => this.#onCheck(check, isHealthy, reason),
    })
    this.#slowStarts = new DeadlineTimer(clock, () => this.#warmUp())
  }

  /** Watches these services; what is known of those that stay is kept. */
  watch(configs: readonly LbServiceConfig[]): void {
    const before = new Map(this.#services)
    this.#services.clear()
    for (const config of configs) {
      if (config.health.check === null) continue
      const known = before.get(config.name)
      const backends = config.backends.map((backend): BackendHealth => {
        const check = checkSpec(config, backend)
        const same = known?.backends.find((other) => checkKey(other.check) === checkKey(check))
        return same
          ? { ...same, config: backend }
          : { config: backend, check, isHealthy: true, healthySince: Number.NEGATIVE_INFINITY, share: 1 }
      })
      this.#services.set(config.name, { config, isUp: known?.isUp ?? true, backends })
    }
    this.#checker.setChecks([...this.#services.values()].flatMap(({ backends }) => backends.map(({ check }) => check)))
    // A backend that is new to a service may be known from another one.
    const now = this.#options.clock.now()
    for (const service of this.#services.values()) {
      for (const backend of service.backends) {
        if (backend.isHealthy === this.#checker.isHealthy(backend.check)) continue
        backend.isHealthy = !backend.isHealthy
        this.#tell(service, backend, 'known from another service', now)
      }
      this.#judge(service)
    }
  }

  /** A new flow of the traffic was not taken by a backend. */
  reportFailure(address: number, port: number, protocol: number, reason: string): void {
    this.#checker.reportFailure(address, port, protocol, reason)
  }

  /** An operator drains a backend, or ends that. */
  setDrained(backend: string, isDrained: boolean): void {
    if (isDrained) this.#drained.add(backend)
    else this.#drained.delete(backend)
    for (const service of this.#services.values()) this.#judge(service)
  }

  /** The way to backends is back: those that failed are asked again soon. */
  recheck(): void {
    this.#checker.recheck()
  }

  /** Returns the result of the check of a service's backend; null if there is no check. */
  checkOf(service: string, backend: string): CheckView | null {
    const check = this.#services.get(service)?.backends.find(({ config }) => config.name === backend)?.check
    const status = check && this.#checker.statusOf(check)
    if (status === undefined) return null
    const { health, sinceMs, lastReason, lastFailure, lastDurationMs, counts } = status
    const { successes, failures } = counts
    return {
      type: check!.type,
      health,
      sinceMs,
      lastReason,
      lastFailure: lastFailure ?? null,
      lastDurationMs: lastDurationMs ?? null,
      successes,
      failures,
    }
  }

  /**
   * Returns true while a service has as many healthy backends as it needs. A service without checks
   * is always up.
   */
  isUp(service: string): boolean {
    return this.#services.get(service)?.isUp ?? true
  }

  /**
   * Returns true if a backend of the service may serve established flows, though it may take no new
   * ones: it is healthy, it responds, or it has not been silent for long.
   *
   * @param maxSilenceMs silence of a backend that may be a stall, ms
   */
  mayServeFlows(service: string, maxSilenceMs: number): boolean {
    const backends = this.#services.get(service)?.backends ?? []
    return backends.some(({ isHealthy, check }) => {
      const { responds = false, unresponsiveMs = 0 } = this.#checker.statusOf(check) ?? {}
      return isHealthy || responds || (unresponsiveMs > 0 && unresponsiveMs < maxSilenceMs)
    })
  }

  close(): void {
    this.#checker.close()
    this.#slowStarts.close()
  }

  #onCheck(check: CheckSpec, isHealthy: boolean, reason: string): void {
    const now = this.#options.clock.now()
    const key = checkKey(check)
    for (const service of this.#services.values()) {
      const backend = service.backends.find((known) => checkKey(known.check) === key)
      if (backend === undefined || backend.isHealthy === isHealthy) continue
      backend.isHealthy = isHealthy
      backend.healthySince = now
      this.#tell(service, backend, reason, now)
      this.#judge(service)
    }
    this.#slowStarts.arm(this.#warmUp())
  }

  #tell({ config }: WatchedService, backend: BackendHealth, reason: string, now: number): void {
    backend.share = slowStartShare(backend.healthySince, config.health.slowStartMs, now)
    const { isHealthy, share: slowStartFactor } = backend
    this.#options.onBackend(config, backend.config, { isHealthy, slowStartFactor }, reason)
  }

  #judge(service: WatchedService): void {
    const { config } = service
    // A backend that takes no new flows for another reason than its health is not in the quorum.
    const backends = service.backends.filter(({ config: { name, weight } }) => weight > 0 && !this.#drained.has(name))
    const healthy = backends.filter(({ isHealthy }) => isHealthy).length
    const isUp = isServiceUp(service.isUp, healthy, backends.length, config.health.watermark)
    if (isUp === service.isUp) return
    service.isUp = isUp
    this.#options.onService(config, isUp)
  }

  /** Gives recovering backends the share that is due; returns when the next one changes. */
  #warmUp(): number {
    const now = this.#options.clock.now()
    let next = Number.POSITIVE_INFINITY
    for (const service of this.#services.values()) {
      const { slowStartMs } = service.config.health
      for (const backend of service.backends) {
        if (!backend.isHealthy) continue
        if (backend.share !== slowStartShare(backend.healthySince, slowStartMs, now))
          this.#tell(service, backend, 'slow start', now)
        next = Math.min(next, slowStartNextChange(backend.healthySince, slowStartMs, now))
      }
    }
    return next
  }
}

/** The check of one backend of a service that has checks. */
function checkSpec({ health, protocol }: LbServiceConfig, { address, port }: LbBackendConfig): CheckSpec {
  const { type, path, method, host, expectStatus, intervalMs, timeoutMs, rise, fall } = health.check!
  const request = type === 'http' ? { path, method, expectStatus, ...(host === null ? {} : { host }) } : {}
  return {
    type,
    address: parseIpv4(address)!,
    port: health.check!.port ?? port,
    ...request,
    serves: { port, protocol: protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP },
    intervalMs,
    timeoutMs,
    rise,
    fall,
  }
}
