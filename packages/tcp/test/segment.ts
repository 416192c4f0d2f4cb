import { TCP_HEADER_BYTES, TcpFlag, writeTcpHeader } from '@fivetuple/packet'

export const { FIN, SYN, RST, PSH, ACK } = TcpFlag

/** Builds a segment without options. */
export function segment(
  sourcePort: number,
  destinationPort: number,
  seq: number,
  ack: number,
  flags: number,
  window = 0xffff,
  payload: readonly number[] = [],
): Uint8Array {
  const b = new Uint8Array(TCP_HEADER_BYTES + payload.length)
  writeTcpHeader(b, 0, sourcePort, destinationPort, seq, ack, TCP_HEADER_BYTES, flags, window)
  b.set(payload, TCP_HEADER_BYTES)
  return b
}

/** The flags of a segment as letters. */
export function flagsOf(b: Uint8Array): string {
  return Object.entries(TcpFlag)
    .filter(([, bit]) => (b[13]! & bit) !== 0)
    .map(([name]) => name)
    .join(' ')
}

export function payloadOf(b: Uint8Array): Uint8Array {
  return b.subarray((b[12]! >>> 4) << 2)
}
