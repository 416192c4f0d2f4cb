import { IpProtocol } from '@fivetuple/packet'
import type { Service, ServiceBackend } from './service.js'

/**
 * Time that a drain gives UDP flows, ms: those that live send their next datagram, which goes
 * elsewhere, and the response to the last one comes. What is left then are sessions of flows that
 * are gone, and wait for their idle timeout.
 */
export const UDP_DRAIN_MS = 2_000

/**
 * Number of a backend's sessions that its drain waits for: all of TCP; of UDP those that may still
 * be in use.
 * @param drainedMs how long it has been drained
 */
export function sessionsToDrain(backend: ServiceBackend, drainedMs: number): number {
  const { service, sessions } = backend
  if (service.spec.protocol !== IpProtocol.UDP || drainedMs < UDP_DRAIN_MS) return sessions
  // Without another backend a healthy one keeps its UDP flows.
  return service.backends.some(({ eligible }) => eligible) || !backend.isHealthy ? 0 : sessions
}

/**
 * Number of sessions that the drain of an LB waits for. The uplink switch sends the next datagram
 * of any UDP flow to another LB.
 * @param drainingMs how long the LB has been draining
 */
export function lbSessionsToDrain(services: Iterable<Service>, drainingMs: number): number {
  let count = 0
  for (const { spec, sessions } of services)
    if (spec.protocol !== IpProtocol.UDP || drainingMs < UDP_DRAIN_MS) count += sessions
  return count
}
