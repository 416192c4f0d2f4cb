import {
  CLIENT_ADDRESS_OPTION_BYTES,
  ipv4HeaderLength,
  ipv4TotalLength,
  MAX_PACKET_BYTES,
  type PacketOutput,
  readU16,
  TCP_HEADER_BYTES,
  TCP_OPTIONS_MAX_BYTES,
  TcpOptionKind,
  tcpDataOffset,
  tcpOptionLength,
  updateChecksum,
  wordDelta,
  writeClientAddressOption,
  writeU16,
} from '@fivetuple/packet'

/** Most bytes that a header may have before the option is put in. */
const HEADER_WITH_ROOM_BYTES = TCP_HEADER_BYTES + TCP_OPTIONS_MAX_BYTES - CLIENT_ADDRESS_OPTION_BYTES
const TCP_CHECKSUM_OFFSET = 16

/**
 * Overwrites with NOPs, in place, every option of kind 254 in the SYN at `b[o]`, so that no client can pass itself off as
 * another one. Whatever the length: the kind is ours in this fabric. A TCP checksum that is there stays as right as it was.
 *
 * To be called for each SYN from a client whose backends are *not* told its address too: two services may share a backend.
 *
 * @returns how many there were
 */
export function eraseClientAddress(b: Uint8Array, o: number): number {
  const tcp = o + ipv4HeaderLength(b, o)
  const end = tcp + tcpDataOffset(b, tcp)
  let erased = 0
  let p = tcp + TCP_HEADER_BYTES
  for (let length = tcpOptionLength(b, p, end); length > 0; length = tcpOptionLength(b, p, end)) {
    if (b[p] === TcpOptionKind.CLIENT_ADDRESS) {
      fillWithNops(b, tcp, p, p + length)
      erased++
    }
    p += length
  }
  return erased
}

/**
 * Writes the SYN `b[o, end)` to `output` with the client's address and port in its first option (claim C6 takes them out
 * of the packet's source; this tells the backend all the same). Options of the same kind that the client has put there
 * are erased first, in `b`. Nothing else changes: other options move back by eight bytes, data that came with the SYN too.
 *
 * To be called for *every* SYN of a flow, a retransmitted one as well, since either may be the one that arrives; before or
 * after {@link rewriteEndpoints}, with the client's own endpoint in either case. The packet `b[o, end)` itself must then not
 * be sent: whoever passes runs on cuts the run around it.
 *
 * The IP checksum and, unless it is zero (offloaded), the TCP checksum are updated incrementally (RFC 1624).
 *
 * @param end where the packet ends by its own total length; its header is whole and its checksum valid
 * @returns false when the option does not fit: more than 32 of the 40 bytes for options are used, or the packet is at its
 *   limit of 65,535 bytes. Nothing has been written then, and the caller sends the packet as it is, and counts it.
 */
export function insertClientAddress(
  b: Uint8Array,
  o: number,
  end: number,
  address: number,
  port: number,
  output: PacketOutput,
): boolean {
  eraseClientAddress(b, o)
  const tcp = o + ipv4HeaderLength(b, o)
  const total = ipv4TotalLength(b, o)
  const grown = total + CLIENT_ADDRESS_OPTION_BYTES
  if (tcpDataOffset(b, tcp) > HEADER_WITH_ROOM_BYTES || grown > MAX_PACKET_BYTES) return false

  const at = output.reserve(grown)
  const out = output.buffer
  const options = tcp + TCP_HEADER_BYTES
  const option = at + (options - o)
  out.set(b.subarray(o, options), at)
  writeClientAddressOption(out, option, address, port)
  out.set(b.subarray(options, end), option + CLIENT_ADDRESS_OPTION_BYTES)

  writeU16(out, at + 2, grown)
  writeU16(out, at + 10, updateChecksum(readU16(out, at + 10), wordDelta(total, grown)))
  const outTcp = at + (tcp - o)
  const offsetAndFlags = readU16(out, outTcp + 12)
  const longer = offsetAndFlags + ((CLIENT_ADDRESS_OPTION_BYTES >> 2) << 12)
  writeU16(out, outTcp + 12, longer)
  // The pseudo-header counts the segment's length (RFC 9293 §3.1); the option's own words were not there before.
  let delta = wordDelta(offsetAndFlags, longer) + wordDelta(total, grown)
  for (let p = option; p < option + CLIENT_ADDRESS_OPTION_BYTES; p += 2) delta += readU16(out, p)
  updateTcpChecksum(out, outTcp, delta)
  return true
}

function fillWithNops(b: Uint8Array, tcp: number, start: number, end: number): void {
  let delta = 0
  for (let p = start; p < end; p++) {
    const shift = (p - tcp) & 1 ? 0 : 8
    delta += wordDelta(b[p]! << shift, TcpOptionKind.NOP << shift)
    b[p] = TcpOptionKind.NOP
  }
  updateTcpChecksum(b, tcp, delta)
}

/** Zero is "offloaded", and stays; a sum that comes out as zero is written as 0xffff, the same number. */
function updateTcpChecksum(b: Uint8Array, tcp: number, delta: number): void {
  const checksum = readU16(b, tcp + TCP_CHECKSUM_OFFSET)
  if (checksum !== 0) writeU16(b, tcp + TCP_CHECKSUM_OFFSET, updateChecksum(checksum, delta) || 0xffff)
}
