import type { MalformedCause } from '@fivetuple/packet'

/** Why the data plane loses a packet; as `status` and metrics name it. */
export type DropCause =
  | 'no-route'
  | 'ttl-exceeded'
  /** The chosen next hop's port had no carrier. */
  | 'port-down'
  /** Addressed to the router itself, and nothing that it answers. */
  | 'not-for-us'
  | `malformed-${MalformedCause}`
  /** TCP or UDP, but too short to have ports. */
  | 'malformed-ports'
  /** An ICMP message whose checksum is wrong. */
  | 'malformed-icmp'

/** Packets lost, by cause. */
export type DropCounters = Record<DropCause, number>

/** All causes, at zero. */
export function newDropCounters(): DropCounters {
  return {
    'no-route': 0,
    'ttl-exceeded': 0,
    'port-down': 0,
    'not-for-us': 0,
    'malformed-truncated': 0,
    'malformed-version': 0,
    'malformed-header-length': 0,
    'malformed-total-length': 0,
    'malformed-fragment': 0,
    'malformed-checksum': 0,
    'malformed-ports': 0,
    'malformed-icmp': 0,
  }
}
