import type { FabricErrorCode, FabricHost } from '@fivetuple/edge'
import type { Endpoint } from '@fivetuple/packet'
import type { StatusRange } from './status-ranges.js'

/** Methods of HTTP checks: those that are safe and need no body (RFC 9110 §9.2.1). */
export type CheckMethod = 'GET' | 'HEAD' | 'OPTIONS'

/** The request of a check and its endpoint. */
export interface CheckTarget extends Endpoint {
  /**
   * `http`: the response has an expected status. `tcp`: a connection opens. `udp`: a datagram gets
   * a response.
   */
  readonly type: 'http' | 'tcp' | 'udp'
  /** Path of an HTTP check; default: `/`. */
  readonly path?: string
  /** Method of an HTTP check; default: GET. */
  readonly method?: CheckMethod
  /** Host header of an HTTP check; default: the endpoint. */
  readonly host?: string
  /** Statuses that an HTTP check expects; default: 200 to 399. */
  readonly expectStatus?: readonly StatusRange[]
}

/** Result of one check. */
export interface CheckOutcome {
  /** `inconclusive`: no statement about the backend, since this node could not send the request. */
  readonly result: 'success' | 'failure' | 'inconclusive'
  /** In a few words, for people. */
  readonly reason: string
  /** True if the backend works although the check failed: it has sent a response. */
  readonly responds?: boolean
}

/** The part of the node's host that checks use. */
export type CheckHost = Pick<FabricHost, 'connect' | 'openDatagram'>

/**
 * Checks once. The caller aborts `signal` after `timeoutMs`, or when it no longer needs the result.
 * The check then ends at once, its connection with RST, and reports the step that it had reached.
 * Never rejects.
 */
export type Check = (
  host: CheckHost,
  target: CheckTarget,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<CheckOutcome>

const REASONS: Readonly<Record<FabricErrorCode, CheckOutcome>> = {
  ECONNREFUSED: { result: 'failure', reason: 'connection refused' },
  ECONNRESET: { result: 'failure', reason: 'connection reset' },
  EHOSTUNREACH: { result: 'failure', reason: 'no way to the backend' },
  ETIMEDOUT: { result: 'failure', reason: 'connection timed out' },
  EADDRINUSE: { result: 'inconclusive', reason: 'source port in use on this machine' },
  ENOBUFS: { result: 'inconclusive', reason: 'no room at the downlink edge' },
  EADDRNOTAVAIL: { result: 'inconclusive', reason: 'no source port left' },
  ECONNABORTED: { result: 'inconclusive', reason: 'this node is closing' },
}

/** The outcome of a check that the fabric did not let through. */
export function outcomeOfFailure(code: FabricErrorCode): CheckOutcome {
  return REASONS[code]
}

/** The outcome of a check that works out. */
export function success(reason: string): CheckOutcome {
  return { result: 'success', reason }
}

/** The outcome of a check that does not. */
export function failure(reason: string): CheckOutcome {
  return { result: 'failure', reason }
}
