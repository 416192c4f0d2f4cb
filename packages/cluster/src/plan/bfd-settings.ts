import { createHmac } from 'node:crypto'
import type { SwitchNeighborConfig } from '@fivetuple/switch'
import type { BfdAuthConfig, BfdConfig, NeighborBfdConfig } from '../config/cluster-config.js'

type BfdSettings = NonNullable<SwitchNeighborConfig['bfd']>

/** Length of a secret of keyed SHA1, bytes (RFC 5880 §4.4). */
const KEY_BYTES = 20

/**
 * Returns the settings of BFD between LBs and switches, with the key of the packets.
 * @param clusterKey shared secret of all roles, hexadecimal
 */
export function linkBfd({ intervalMs, multiplier, auth }: BfdConfig, clusterKey: string): BfdSettings {
  return { intervalMs, multiplier, multihop: false, authentication: withKey(auth, clusterKey) }
}

/** Returns the settings of BFD with an external neighbour. */
export function neighborBfd({ auth, ...settings }: NeighborBfdConfig, clusterKey: string): BfdSettings {
  return { ...settings, authentication: withKey(auth, clusterKey) }
}

/** A key that is derived gives away nothing about the cluster's own. */
function withKey(auth: BfdAuthConfig | null, clusterKey: string): BfdSettings['authentication'] {
  if (auth === null) return null
  const { type, keyId, key } = auth
  const bytes =
    key === null
      ? createHmac('sha256', Buffer.from(clusterKey, 'hex')).update('fivetuple BFD').digest().subarray(0, KEY_BYTES)
      : Buffer.from(key, 'latin1')
  return { type, keyId, key: bytes.toString('hex') }
}
