import type { ListenFailureStatus } from '@fivetuple/switch'
import type { ListenFailure } from '../operations/status-schemas.js'

/** Returns the failure of a VIP's listener; null: it has none. @param vip its name */
export function listenFailureOf(vip: string, failures: readonly ListenFailureStatus[]): ListenFailure | null {
  const failure = failures.find(({ service }) => service === vip)
  return failure === undefined ? null : { code: failure.code, reason: failure.reason }
}
