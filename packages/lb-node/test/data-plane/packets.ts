import {
  fillL4Checksum,
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4TotalLength,
  PacketBatch,
  parseEndpoint,
  TCP_HEADER_BYTES,
  UDP_HEADER_BYTES,
  writeIpv4Header,
  writeTcpHeader,
  writeUdpHeader,
} from '@fivetuple/packet'

export interface TcpPacketOptions {
  readonly flags: number
  readonly sequence?: number
  readonly acknowledgment?: number
  readonly payload?: Uint8Array
  readonly ttl?: number
  /** Fill in the TCP checksum instead of leaving it to offload. */
  readonly checksum?: boolean
}

/** A TCP packet between two `address:port`. */
export function tcpPacket(from: string, to: string, options: TcpPacketOptions): Uint8Array {
  const { flags, sequence = 1000, acknowledgment = 0, payload = new Uint8Array(0), ttl = 63 } = options
  const [source, destination] = [parseEndpoint(from)!, parseEndpoint(to)!]
  const b = new Uint8Array(IPV4_HEADER_BYTES + TCP_HEADER_BYTES + payload.length)
  writeIpv4Header(b, 0, b.length, ttl, IpProtocol.TCP, source.address, destination.address)
  writeTcpHeader(b, 20, source.port, destination.port, sequence, acknowledgment, TCP_HEADER_BYTES, flags, 65_535)
  b.set(payload, 40)
  if (options.checksum) fillL4Checksum(b, 0)
  return b
}

/** A UDP packet between two `address:port`. */
export function udpPacket(from: string, to: string, payload: Uint8Array, checksum = false): Uint8Array {
  const [source, destination] = [parseEndpoint(from)!, parseEndpoint(to)!]
  const b = new Uint8Array(IPV4_HEADER_BYTES + UDP_HEADER_BYTES + payload.length)
  writeIpv4Header(b, 0, b.length, 63, IpProtocol.UDP, source.address, destination.address)
  writeUdpHeader(b, 20, source.port, destination.port, payload.length)
  b.set(payload, 28)
  if (checksum) fillL4Checksum(b, 0)
  return b
}

/** Packets back to back, as a cable hands them over. */
export function run(...packets: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((packet) => [...packet]))
}

/** An output that is taken packet by packet. */
export class Outbox extends PacketBatch {
  takePackets(): Uint8Array[] {
    const bytes = this.take()
    const packets: Uint8Array[] = []
    for (let o = 0; o < bytes.length; o += ipv4TotalLength(bytes, o))
      packets.push(bytes.slice(o, o + ipv4TotalLength(bytes, o)))
    return packets
  }
}
