/**
 * Packets and bytes through one port; of the edge, "in" is what it originates and "out" what is
 * delivered to it.
 */
export interface PortCounters {
  packetsIn: number
  bytesIn: number
  packetsOut: number
  bytesOut: number
}

/** Counters at zero. */
export function newPortCounters(): PortCounters {
  return { packetsIn: 0, bytesIn: 0, packetsOut: 0, bytesOut: 0 }
}
