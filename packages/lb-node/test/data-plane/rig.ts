import {
  type CapacityConfig,
  LbForwarder,
  type MemberLinks,
  type NatConfig,
  roundRobin,
  type Service,
  type ServiceSpec,
} from '@fivetuple/lb-node'
import {
  formatEndpoint,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  type PacketOutput,
  parseEndpoint,
  parseIpv4,
  readU16,
} from '@fivetuple/packet'
import { Outbox } from './packets.js'

export const VIP = '127.20.10.1:8080'
export const UDP_VIP = '127.20.10.1:5353'
export const CLIENT = '127.20.100.7:41234'
export const BIP = '127.20.2.3'
export const BACKENDS = ['127.20.3.1:8080', '127.20.3.2:8080'] as const

export const NAT: NatConfig = {
  portRange: [20_000, 29_999],
  maxSessions: 10_000,
  timeouts: { synMs: 5_000, establishedMs: 60_000, closingMs: 10_000, closedMs: 2_000, udpMs: 20_000 },
  unknownFlow: 'reset',
}

export interface RigOptions {
  readonly backends?: number
  readonly service?: Partial<ServiceSpec>
  readonly capacity?: CapacityConfig
  /** Default: {@link Rig.downlink}. */
  readonly downlink?: PacketOutput & MemberLinks
}

/** One LB's data plane between two outboxes, with a TCP and a UDP service in front of two backends. */
export class Rig {
  readonly uplink = new Outbox()
  readonly downlink = new Outbox()
  readonly forwarder: LbForwarder
  now = 1_000
  readonly addresses = new Set([parseIpv4('127.20.10.1')!])

  /** New flows that a backend did not take. */
  readonly failures: string[] = []

  constructor(nat: Partial<NatConfig> = {}, options: RigOptions = {}) {
    this.forwarder = new LbForwarder(
      {
        address: parseIpv4('127.20.1.3')!,
        bip: parseIpv4(BIP)!,
        nat: { ...NAT, ...nat },
        hasAddress: (address) => this.addresses.has(address),
        onConnectFailure: (backend, failure) => this.failures.push(`${backend.spec.name} ${failure}`),
        ...(options.downlink && { memberLinks: options.downlink }),
        ...(options.capacity && { capacity: options.capacity }),
      },
      this.uplink,
      options.downlink ?? this.downlink,
      this.now,
    )
    for (const [name, port, protocol] of [
      ['web', 8080, IpProtocol.TCP],
      ['dns', 5353, IpProtocol.UDP],
    ] as const)
      this.forwarder.setService({
        name,
        address: parseIpv4('127.20.10.1')!,
        port,
        protocol,
        policy: roundRobin,
        ...options.service,
        backends: Array.from({ length: options.backends ?? 2 }, (_, i) => i + 1).map((k) => ({
          name: `backend-${k}`,
          address: parseIpv4(`127.20.3.${k}`)!,
          port: 8080,
          weight: 1,
        })),
      })
  }

  /** Packets from the uplink switch; returns what went to the downlink switch and back to the uplink switch. */
  fromClient(bytes: Uint8Array): { on: Uint8Array[]; back: Uint8Array[] } {
    this.forwarder.receiveFromUplink(bytes, 0, bytes.length, this.now)
    return { on: this.downlink.takePackets(), back: this.uplink.takePackets() }
  }

  /** Packets from the downlink switch. */
  fromBackend(bytes: Uint8Array): { on: Uint8Array[]; back: Uint8Array[] } {
    this.forwarder.receiveFromDownlink(bytes, 0, bytes.length, this.now)
    return { on: this.uplink.takePackets(), back: this.downlink.takePackets() }
  }

  /** Lets a backend of the TCP service have new flows, or not. */
  admit(vip: string, backend: string, admitted: boolean): boolean {
    const { address, port } = parseEndpoint(vip)!
    const to = parseEndpoint(backend)!
    const key = { address, port, protocol: IpProtocol.TCP }
    return this.forwarder.setBackend(key, to.address, to.port, { isHealthy: admitted })
  }

  /** A service at work, by name. */
  service(name: 'web' | 'dns'): Service {
    return [...this.forwarder.services].find(({ spec }) => spec.name === name)!
  }

  /** Lets time pass; returns what has gone to the downlink switch meanwhile. */
  advance(ms: number): Uint8Array[] {
    const until = this.now + ms
    for (
      let deadline = this.forwarder.deadline(this.now);
      deadline <= until;
      deadline = this.forwarder.deadline(this.now)
    ) {
      this.now = deadline
      this.forwarder.onTimeout(this.now)
    }
    this.now = until
    return this.downlink.takePackets()
  }
}

/** Both ends of a packet as `address:port`. */
export function endsOf(b: Uint8Array): { from: string; to: string; protocol: number } {
  const l4 = ipv4HeaderLength(b, 0)
  return {
    from: formatEndpoint(ipv4Source(b, 0), readU16(b, l4)),
    to: formatEndpoint(ipv4Destination(b, 0), readU16(b, l4 + 2)),
    protocol: ipv4Protocol(b, 0),
  }
}
