import { TCP_HEADER_BYTES, TcpFlag, writeTcpHeader } from '@fivetuple/packet'
import type { SegmentOutput } from './segment-output.js'

/**
 * A RST without ACK that waits to be written. It answers a segment that acknowledges nothing of ours (its number is what that
 * segment acknowledged; RFC 9293 §3.10.7.3), or takes back our SYN.
 */
export class BareReset {
  isPending = false
  #sequence = 0

  send(sequence: number): void {
    this.isPending = true
    this.#sequence = sequence
  }

  /** Writes it, if it waits; false when the output refuses it. */
  write(out: SegmentOutput, localPort: number, remotePort: number): boolean {
    if (!this.isPending) return true
    const at = out.reserve(TCP_HEADER_BYTES, true)
    if (at < 0) return false
    writeTcpHeader(out.buffer, at, localPort, remotePort, this.#sequence, 0, TCP_HEADER_BYTES, TcpFlag.RST, 0)
    this.isPending = false
    return true
  }
}
