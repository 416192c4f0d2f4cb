/** What on this node itself takes packets from the downlink: health checks. */
export interface LocalHost {
  /** Whether packets to this port of the BIP are for it. Asked per packet. */
  owns(port: number): boolean
  /** A whole packet; its IP header has been checked. */
  receive(b: Uint8Array, start: number, end: number, now: number): void
}
