import { TCP_HEADER_BYTES, TcpFlag, writeTcpHeader } from '@fivetuple/packet'
import type { SegmentOutput } from './segment-output.js'

/**
 * RST without ACK that waits to be written. It responds to a segment that acknowledges nothing of
 * ours (its number is that segment's ACK number; RFC 9293 §3.10.7.3), or cancels our SYN.
 */
export class BareReset {
  isPending = false
  #sequence = 0

  send(sequence: number): void {
    this.isPending = true
    this.#sequence = sequence
  }

  /** Writes the RST if one is pending. Returns false if the output refuses it. */
  write(out: SegmentOutput, localPort: number, remotePort: number): boolean {
    if (!this.isPending) return true
    const at = out.reserve(TCP_HEADER_BYTES, true)
    if (at < 0) return false
    writeTcpHeader(out.buffer, at, localPort, remotePort, this.#sequence, 0, TCP_HEADER_BYTES, TcpFlag.RST, 0)
    this.isPending = false
    return true
  }
}
