import { murmur3 } from '@fivetuple/packet'
import type { SessionTable } from './nat/session-table.js'
import type { ServiceBackend } from './service.js'

const NONE = -1

/**
 * Another backend for a flow, one that has not failed it yet; undefined if there is none. It is not
 * the policy's choice, which would be the same again for those that hash. Each flow has an order of
 * its own, so that the flows that a dead backend refuses are spread over all others; with a policy
 * that uses the order of the list, the first one is next.
 * @param failedBefore number of a backend that has failed the flow earlier, or -1
 */
export function untriedBackend(
  sessions: SessionTable,
  session: number,
  failed: ServiceBackend,
  failedBefore: number,
): ServiceBackend | undefined {
  const { backends, spec } = failed.service
  const isUntried = (backend: ServiceBackend): boolean =>
    backend.eligible && backend !== failed && backend.number !== failedBefore
  if (spec.policy.usesOrder) return backends.find(isUntried)
  const client = sessions.clientAddress(session)
  const start = murmur3(client, 0, sessions.clientPort(session), 0, 0, sessions.tries(session))
  let others = 0
  for (const backend of backends) if (isUntried(backend)) others++
  let turn = others === 0 ? NONE : start % others
  return backends.find((backend) => isUntried(backend) && turn-- === 0)
}
