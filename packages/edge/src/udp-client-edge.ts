import { createSocket, type Socket } from 'node:dgram'
import {
  FiveTupleMap,
  formatIpv4,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  isUdpHeaderWhole,
  parseIpv4,
  readU16,
  UDP_HEADER_BYTES,
  udpLength,
} from '@fivetuple/packet'
import type { ClientEdgeService } from './client-edge.js'
import type { Fabric } from './fabric.js'
import { sendDatagram } from './send-datagram.js'

export interface UdpClientEdgeOptions {
  readonly fabric: Fabric
  readonly services: readonly ClientEdgeService[]
  readonly onListenError: (service: ClientEdgeService, error: Error) => void
}

/** What a UDP edge has counted since it started. */
export interface UdpClientEdgeCounters {
  datagramsIn: number
  datagramsOut: number
  /** A cable's queue was full: as a full queue does to UDP, the datagram is lost. */
  lostToQueue: number
  /** From the fabric, but for no service of ours, or malformed. */
  unknown: number
}

/**
 * The clients' side of the uplink switch for UDP: one socket per service, one packet per datagram, and no state per
 * client, since each packet names both ends.
 */
export class UdpClientEdge {
  readonly counters: UdpClientEdgeCounters = { datagramsIn: 0, datagramsOut: 0, lostToQueue: 0, unknown: 0 }
  readonly #options: UdpClientEdgeOptions
  readonly #sockets = new FiveTupleMap<Socket>()
  readonly #open = new Map<ClientEdgeService, Socket>()

  constructor(options: UdpClientEdgeOptions) {
    this.#options = options
  }

  /** The services that are being listened for. */
  get listening(): ClientEdgeService[] {
    return [...this.#open.keys()]
  }

  /** Opens and closes sockets to match `hasRoute`; resolves when all are as asked. */
  async update(hasRoute: (address: number) => boolean): Promise<void> {
    await Promise.all(
      this.#options.services.map((service) => {
        const wanted = hasRoute(service.address)
        if (wanted && !this.#open.has(service)) return this.#listen(service)
        if (!wanted) this.#close(service)
        return undefined
      }),
    )
  }

  close(): void {
    for (const service of [...this.#open.keys()]) this.#close(service)
  }

  /** A UDP packet from the fabric for a client. Its IP header has been checked. */
  receive(b: Uint8Array, start: number, end: number): void {
    const udp = start + ipv4HeaderLength(b, start)
    if (!isUdpHeaderWhole(b, udp, Math.min(end, start + ipv4TotalLength(b, start)))) {
      this.counters.unknown++
      return
    }
    const socket = this.#sockets.get(ipv4Source(b, start), 0, readU16(b, udp), 0, IpProtocol.UDP)
    if (socket === undefined) {
      this.counters.unknown++
      return
    }
    this.counters.datagramsOut++
    const payload = Buffer.from(b.subarray(udp + UDP_HEADER_BYTES, udp + udpLength(b, udp)))
    socket.send(payload, readU16(b, udp + 2), formatIpv4(ipv4Destination(b, start)), () => {})
  }

  #listen(service: ClientEdgeService): Promise<void> {
    const socket = createSocket('udp4')
    this.#open.set(service, socket)
    this.#sockets.set(service.address, 0, service.port, 0, IpProtocol.UDP, socket)
    socket.on('message', (payload, { address, port }) => this.#toFabric(service, payload, parseIpv4(address)!, port))
    return new Promise((resolve) => {
      socket.on('error', (error) => {
        this.#close(service)
        this.#options.onListenError(service, error)
        resolve()
      })
      socket.once('close', resolve) // the route has gone before it was bound
      socket.bind({ address: service.listen.address, port: service.listen.port, exclusive: true }, resolve)
    })
  }

  #close(service: ClientEdgeService): void {
    const socket = this.#open.get(service)
    if (socket === undefined) return
    this.#open.delete(service)
    this.#sockets.delete(service.address, 0, service.port, 0, IpProtocol.UDP)
    socket.close()
  }

  #toFabric(service: ClientEdgeService, payload: Buffer, client: number, clientPort: number): void {
    this.counters.datagramsIn++
    const { fabric } = this.#options
    if (!sendDatagram(fabric, client, clientPort, service.address, service.port, payload)) this.counters.lostToQueue++
  }
}
