/** Events of a half-open session: of a flow whose backend has not accepted its SYN yet. */
export type ConnectEvent =
  /** The client has sent its SYN again. */
  | 'repeated'
  /** The backend has refused the SYN, or an ICMP error has reported that it does not arrive. */
  | 'failed'
  /** The machine of the downlink's edge uses the session's source port. */
  | 'port-in-use'

/** Reactions to a {@link ConnectEvent}. */
export type ConnectStep =
  /** The backend may still respond. */
  | 'wait'
  /** Another backend gets the flow. The first one may still be opening the connection. */
  | 'leave'
  /** The backend has not responded in time, which counts as its failure; then as `leave`. */
  | 'leave-after-timeout'
  /** Another backend gets the client's SYN from its copy. The first one has no connection. */
  | 'retry'
  /** The same backend gets the client's SYN from another source port. */
  | 'change-port'
  /** The client is informed. */
  | 'report'

/**
 * Time after which a SYN that the client repeats is given to another backend, ms. Clients repeat a
 * SYN after a second (RFC 6298 §2), so the first repetition goes to another one.
 */
export const CONNECT_TIMEOUT_MS = 800
/** Number of backends that one flow is given to at most. */
export const TRIES_MAX = 3

/**
 * Returns the reaction to an event of a half-open session.
 * @param tries how often it was given to another backend already
 * @param ageMs since its first SYN
 * @param mayTakeFlows true if its backend is eligible
 * @param hasSyn true if a copy of the SYN is kept
 */
export function connectStep(
  event: ConnectEvent,
  tries: number,
  ageMs: number,
  mayTakeFlows: boolean,
  hasSyn: boolean,
): ConnectStep {
  const isOverdue = ageMs >= CONNECT_TIMEOUT_MS
  switch (event) {
    case 'repeated':
      // After the last try a timeout still counts as a failure; the session then stays with its
      // backend.
      return isOverdue ? 'leave-after-timeout' : mayTakeFlows || isLastTry(tries) ? 'wait' : 'leave'
    case 'failed':
      return hasSyn && !isLastTry(tries) ? 'retry' : 'report'
    case 'port-in-use':
      return hasSyn && !isOverdue ? 'change-port' : 'report'
  }
}

/**
 * Returns true if a flow that has been given to another backend so often stays with the one that it
 * has.
 */
export function isLastTry(tries: number): boolean {
  return tries + 1 >= TRIES_MAX
}
