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
  writeVipAddressOption,
} from '@fivetuple/packet'

/** Header with all options that it has room for. */
const HEADER_MAX_BYTES = TCP_HEADER_BYTES + TCP_OPTIONS_MAX_BYTES
const TCP_CHECKSUM_OFFSET = 16

/**
 * Overwrites with NOPs, in place, every option of the kinds 254 and 250 in the segment at `b[o]`,
 * so that no client can pass itself off as another one. Whatever the length: the kinds are ours in
 * this fabric. A TCP checksum that is there stays as right as it was.
 *
 * To be called for each segment with options from a client, also if its address is *not* passed to
 * its backends: two services may share a backend, and the backend reads the option in the segment
 * that completes the handshake, not in the SYN.
 *
 * @returns how many there were
 */
export function eraseClientAddress(b: Uint8Array, o: number): number {
  const tcp = o + ipv4HeaderLength(b, o)
  const end = tcp + tcpDataOffset(b, tcp)
  let erased = 0
  let p = tcp + TCP_HEADER_BYTES
  for (let length = tcpOptionLength(b, p, end); length > 0; length = tcpOptionLength(b, p, end)) {
    if (b[p] === TcpOptionKind.CLIENT_ADDRESS || b[p] === TcpOptionKind.VIP_ADDRESS) {
      fillWithNops(b, tcp, p, p + length)
      erased++
    }
    p += length
  }
  return erased
}

/**
 * Writes the segment `b[o, end)` to `output` with the client's endpoint in its first option (claim
 * C6 takes it out of the packet's source; this passes it to the backend all the same), and the VIP
 * in its second one. Options of the same kinds that the client has put there are erased first, in
 * `b`. Nothing else changes: other options move back, and so does the data.
 *
 * To be called for *every* SYN of a flow, a retransmitted one as well, since either may be the one
 * that arrives; before or after {@link rewriteEndpoints}, with the client's own endpoint in either
 * case. The packet `b[o, end)` itself must then not be sent: whoever passes runs on cuts the run
 * around it.
 *
 * The IP checksum and, unless it is zero (offloaded), the TCP checksum are updated incrementally
 * (RFC 1624).
 *
 * @param end where the packet ends by its own total length; its header is whole and its checksum
 * valid
 * @param vipAddress 0: the VIP is not inserted
 * @returns false when the client's option does not fit: more than 32 of the 40 bytes for options
 * are used, or the packet is at its limit of 65,535 bytes. Nothing has been written then, and the
 * caller sends the packet as it is, and counts it. Where there is room for one option, the VIP is
 * left out.
 */
export function insertClientAddress(
  b: Uint8Array,
  o: number,
  end: number,
  address: number,
  port: number,
  output: PacketOutput,
  vipAddress = 0,
  vipPort = 0,
): boolean {
  eraseClientAddress(b, o)
  const tcp = o + ipv4HeaderLength(b, o)
  const total = ipv4TotalLength(b, o)
  const room = Math.min(HEADER_MAX_BYTES - tcpDataOffset(b, tcp), MAX_PACKET_BYTES - total)
  if (room < CLIENT_ADDRESS_OPTION_BYTES) return false
  const hasVip = vipAddress !== 0 && room >= 2 * CLIENT_ADDRESS_OPTION_BYTES
  const added = hasVip ? 2 * CLIENT_ADDRESS_OPTION_BYTES : CLIENT_ADDRESS_OPTION_BYTES
  const grown = total + added

  const at = output.reserve(grown)
  const out = output.buffer
  const options = tcp + TCP_HEADER_BYTES
  const option = at + (options - o)
  out.set(b.subarray(o, options), at)
  writeClientAddressOption(out, option, address, port)
  if (hasVip) writeVipAddressOption(out, option + CLIENT_ADDRESS_OPTION_BYTES, vipAddress, vipPort)
  out.set(b.subarray(options, end), option + added)

  writeU16(out, at + 2, grown)
  writeU16(out, at + 10, updateChecksum(readU16(out, at + 10), wordDelta(total, grown)))
  const outTcp = at + (tcp - o)
  const offsetAndFlags = readU16(out, outTcp + 12)
  const longer = offsetAndFlags + ((added >> 2) << 12)
  writeU16(out, outTcp + 12, longer)
  // The pseudo-header counts the segment's length (RFC 9293 §3.1); the option's own words were not
  // there before.
  let delta = wordDelta(offsetAndFlags, longer) + wordDelta(total, grown)
  for (let p = option; p < option + added; p += 2) delta += readU16(out, p)
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

/**
 * Zero is "offloaded", and stays; a sum that comes out as zero is written as 0xffff, the same
 * number.
 */
function updateTcpChecksum(b: Uint8Array, tcp: number, delta: number): void {
  const checksum = readU16(b, tcp + TCP_CHECKSUM_OFFSET)
  if (checksum !== 0) writeU16(b, tcp + TCP_CHECKSUM_OFFSET, updateChecksum(checksum, delta) || 0xffff)
}
