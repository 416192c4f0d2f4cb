/** Receiver on this node itself of packets from the downlink: health checks. */
export interface LocalHost {
  /** Returns true if packets to this port of the BIP are for it. Called per packet. */
  owns(port: number): boolean
  /** A whole packet; its IP header has been checked. */
  receive(b: Uint8Array, start: number, end: number, now: number): void
}
