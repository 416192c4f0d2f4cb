import type { MalformedCause } from '@fivetuple/packet'

/** Counters of an LB's data plane. Totals since its start. */
export interface LbCounters {
  packetsFromUplink: number
  bytesFromUplink: number
  packetsFromDownlink: number
  bytesFromDownlink: number
  resetsSent: number
  /**
   * Sessions that had to make room for a new one: half-open ones beyond their share of the table,
   * and in a full table closed, half-open and UDP ones.
   */
  sessionsEvicted: number
  /**
   * New flows whose backend refused them, did not answer or could not be reached, and that were
   * given to another one.
   */
  connectRetries: number
  /**
   * UDP flows that were given another backend because theirs has refused a datagram, or may take no
   * new flows.
   */
  udpFlowsMoved: number
  /** SYNs without room for the client's address, sent on without it. */
  clientAddressesOmitted: number
  readonly drops: LbDrops
}

/** Cause of a packet's drop. */
export type LbDropCause =
  | `malformed-${MalformedCause}`
  /** The TCP or UDP header is not whole. */
  | 'malformed-transport'
  /** An ICMP error whose checksum is wrong, or that quotes too little to name a flow. */
  | 'malformed-icmp'
  | 'ttl-exceeded'
  /** Not the first packet of a flow, and no session; or an ICMP error about no session of ours. */
  | 'unknown-flow'
  /** Nothing here serves this address, port and protocol. */
  | 'no-service'
  /** No eligible backend. */
  | 'no-backend'
  /** All source ports towards the chosen backend are in use. */
  | 'port-exhausted'
  /** The session table is full of sessions that may not be evicted. */
  | 'table-full'
  /** The service has as many sessions as it may. */
  | 'service-sessions'
  /** The service has new flows at a higher rate than it may. */
  | 'service-flow-rate'
  /** More packets or new flows a second than this LB can carry. */
  | 'over-capacity'
  /** A backend's refusal of a SYN or datagram whose flow was then given to another backend. */
  | 'retried'
  /**
   * A report that the source port is in use on the downlink's machine. The flow gets another port;
   * if there is none, its client gets a reset.
   */
  | 'source-port-in-use'
  /**
   * A new flow that the downlink's edge has refused because of a limit of its own; its client gets
   * a reset.
   */
  | 'edge-limit'

/** Dropped packets, per cause. */
export type LbDrops = Record<LbDropCause, number>

export function newLbCounters(): LbCounters {
  return {
    packetsFromUplink: 0,
    bytesFromUplink: 0,
    packetsFromDownlink: 0,
    bytesFromDownlink: 0,
    resetsSent: 0,
    sessionsEvicted: 0,
    connectRetries: 0,
    udpFlowsMoved: 0,
    clientAddressesOmitted: 0,
    drops: {
      'malformed-truncated': 0,
      'malformed-version': 0,
      'malformed-header-length': 0,
      'malformed-total-length': 0,
      'malformed-fragment': 0,
      'malformed-checksum': 0,
      'malformed-transport': 0,
      'malformed-icmp': 0,
      'ttl-exceeded': 0,
      'unknown-flow': 0,
      'no-service': 0,
      'no-backend': 0,
      'port-exhausted': 0,
      'table-full': 0,
      'service-sessions': 0,
      'service-flow-rate': 0,
      'over-capacity': 0,
      retried: 0,
      'source-port-in-use': 0,
      'edge-limit': 0,
    },
  }
}
