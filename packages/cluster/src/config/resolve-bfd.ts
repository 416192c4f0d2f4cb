import type { BfdAuthConfig, BfdConfig, NeighborBfdConfig } from './cluster-config.js'
import { DEFAULTS } from './defaults.js'
import { parseDuration } from './duration.js'
import type { ClusterDocument } from './schema.js'

type BfdDocument = NonNullable<ClusterDocument['bfd']>
type NeighborDocument = NonNullable<NonNullable<ClusterDocument['bgp']>['neighbors']>[number]
type AuthDocument = Exclude<BfdDocument, string>['auth']

/** Returns the settings of BFD between LBs and switches; null: it is off. */
export function resolveBfd(document: BfdDocument = 'on'): BfdConfig | null {
  if (document === 'off') return null
  const { interval, multiplier, auth } = { ...DEFAULTS.bfd, ...(document === 'on' ? {} : document) }
  return { intervalMs: parseDuration(interval) ?? 0, multiplier, auth: resolveAuth(auth) }
}

/**
 * Returns the settings of BFD with an external neighbour; null: it is off, as it is unless its
 * configuration has it, since the daemon has to be configured as well.
 * @param cluster settings between LBs and switches, whose timers are the defaults
 */
export function resolveNeighborBfd(
  document: NeighborDocument['bfd'],
  cluster: BfdConfig | null,
): NeighborBfdConfig | null {
  if (document === undefined || document === 'off') return null
  const own = document === 'on' ? {} : document
  const timers = cluster ?? resolveBfd()!
  return {
    intervalMs: own.interval === undefined ? timers.intervalMs : (parseDuration(own.interval) ?? 0),
    multiplier: own.multiplier ?? timers.multiplier,
    multihop: own.multihop ?? DEFAULTS.bfd.multihop,
    auth: resolveAuth(own.auth ?? 'none'),
  }
}

function resolveAuth(auth: NonNullable<AuthDocument>): BfdAuthConfig | null {
  const { keyId } = DEFAULTS.bfd
  if (auth === 'none') return null
  return typeof auth === 'string' ? { type: auth, keyId, key: null } : { keyId, ...auth }
}
