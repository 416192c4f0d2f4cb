import {
  type FiveTuple,
  fillL4Checksum,
  IPV4_HEADER_BYTES,
  IpProtocol,
  writeIpv4Header,
  writeTcpHeader,
  writeUdpHeader,
} from '@fivetuple/packet'
import fc from 'fast-check'

/** Bytes from hexadecimal text; whatever follows a # up to the end of its line is a comment. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/#.*$/gm, '').replace(/\s+/g, '')
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** A SYN of a Linux kernel, read from a TUN device: nothing was offloaded. */
export const CAPTURED_SYN = hex(`
  45 00 00 3c  # version 4, IHL 5; total length 60
  bc 62 40 00  # identification; DF
  40 06 f2 31  # TTL 64, TCP; header checksum
  c6 12 00 01  # 198.18.0.1
  c6 12 00 02  # 198.18.0.2
  af 32 00 50  # 44850 to 80
  63 f2 28 e8  # sequence
  00 00 00 00  # acknowledgment
  a0 02 fa f0  # data offset 10 words, SYN; window 64240
  ab 72 00 00  # checksum; urgent pointer
  02 04 05 b4  # MSS 1460
  04 02        # SACK permitted
  08 0a b4 3b 24 d9 00 00 00 00  # timestamps
  01 03 03 0a  # NOP, window scale 10
`)

/** A UDP datagram of a Linux kernel, read from a TUN device. */
export const CAPTURED_UDP = hex(`
  45 00 00 26  # version 4, IHL 5; total length 38
  c5 8f 40 00  # identification; DF
  40 11 e9 0f  # TTL 64, UDP; header checksum
  c6 12 00 01  # 198.18.0.1
  c6 12 00 02  # 198.18.0.2
  d7 29 00 35  # 55081 to 53
  00 12 b0 2a  # length 18; checksum
  66 69 76 65 2d 74 75 70 6c 65  # "five-tuple"
`)

export const address = fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0, 0x7f000001, 0x80000000, 0xffffffff))
export const port = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 1, 0xffff))

export const tuple: fc.Arbitrary<FiveTuple> = fc.record(
  {
    sourceAddress: address,
    destinationAddress: address,
    sourcePort: port,
    destinationPort: port,
    protocol: fc.constantFrom<number>(IpProtocol.TCP, IpProtocol.UDP),
  },
  { noNullPrototype: true },
)

/** The packet of a tuple with payload and correct checksums. */
export function packetOf(t: FiveTuple, payload: Uint8Array, ttl = 64): Uint8Array {
  const header = t.protocol === IpProtocol.TCP ? 20 : 8
  const b = new Uint8Array(IPV4_HEADER_BYTES + header + payload.length)
  writeIpv4Header(b, 0, b.length, ttl, t.protocol, t.sourceAddress, t.destinationAddress)
  if (t.protocol === IpProtocol.TCP)
    writeTcpHeader(b, IPV4_HEADER_BYTES, t.sourcePort, t.destinationPort, 0x01020304, 0xfffefdfc, 20, 0x18, 0xfaf0)
  else writeUdpHeader(b, IPV4_HEADER_BYTES, t.sourcePort, t.destinationPort, payload.length)
  b.set(payload, IPV4_HEADER_BYTES + header)
  fillL4Checksum(b, 0)
  return b
}

export const packet = fc
  .tuple(tuple, fc.uint8Array({ maxLength: 40 }), fc.nat(255))
  .map(([t, payload, ttl]) => packetOf(t, payload, ttl))
