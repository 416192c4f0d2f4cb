/** What an LB's data plane counts. Totals since its start. */
export interface LbCounters {
  packetsFromUplink: number
  bytesFromUplink: number
  packetsFromDownlink: number
  bytesFromDownlink: number
  resetsSent: number
  readonly drops: LbDrops
}

/** Packets that were not passed on, by cause. */
export interface LbDrops {
  /** Not a SYN, and no session. */
  unknownFlow: number
  /** A VIP on the interface, but no service on that port; or no address of ours. */
  noService: number
  /** No eligible backend. */
  noBackend: number
  /** All source ports towards the chosen backend are in use. */
  portsExhausted: number
  /** The session table is full. */
  tableFull: number
  ttlExceeded: number
  malformed: number
  /** Half-open sessions that made room for newer ones. */
  halfOpenEvicted: number
}

export function newLbCounters(): LbCounters {
  return {
    packetsFromUplink: 0,
    bytesFromUplink: 0,
    packetsFromDownlink: 0,
    bytesFromDownlink: 0,
    resetsSent: 0,
    drops: {
      unknownFlow: 0,
      noService: 0,
      noBackend: 0,
      portsExhausted: 0,
      tableFull: 0,
      ttlExceeded: 0,
      malformed: 0,
      halfOpenEvicted: 0,
    },
  }
}
