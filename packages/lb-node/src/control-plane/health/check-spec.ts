import { IpProtocol } from '@fivetuple/packet'
import type { CheckTarget } from './check.js'
import type { CheckTiming } from './check-schedule.js'
import type { HealthThresholds } from './health-state.js'

/** The port and protocol that a backend serves. */
export interface ServedPort {
  readonly port: number
  /** IANA number. */
  readonly protocol: number
}

/** A check that is made periodically. */
export interface CheckSpec extends CheckTarget, CheckTiming, HealthThresholds {
  /** Time after which a check has failed, ms. */
  readonly timeoutMs: number
  /**
   * Port at which failed connections of the traffic count as failed checks; default: the port of
   * the check, by its transport.
   */
  readonly serves?: ServedPort
}

/** Returns {@link CheckSpec.serves} or its default. */
export function servedPort({ type, port, serves }: CheckSpec): ServedPort {
  return serves ?? { port, protocol: type === 'udp' ? IpProtocol.UDP : IpProtocol.TCP }
}

/**
 * Identity of a request: checks with the same request have the same results, at whatever interval
 * they are made.
 */
export function requestKeyOf(spec: CheckSpec): string {
  const { type, address, port, path, method, host, expectStatus } = spec
  const serves = servedPort(spec)
  return JSON.stringify([type, address, port, path, method, host, expectStatus, serves.port, serves.protocol])
}

/** Checks with the same key are one. */
export function checkKey(spec: CheckSpec): string {
  const { intervalMs, fastIntervalMs, timeoutMs, rise, fall } = spec
  return JSON.stringify([requestKeyOf(spec), intervalMs, fastIntervalMs, timeoutMs, rise, fall])
}
