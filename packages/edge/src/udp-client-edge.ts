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
import { type DatagramOperation, DatagramSocket, explainListenError, type OverflowedSocket } from '@fivetuple/runtime'
import type { ClientEdgeService } from './client-edge.js'
import type { Fabric } from './fabric.js'
import { sendDatagram } from './send-datagram.js'

/**
 * Receive buffer of a service's socket, bytes: a burst waits there while the edge forwards. The kernel grants up to
 * `net.core.rmem_max`, doubled for its own use; a small datagram takes 768 bytes of it.
 */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

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
  /** Responses to clients that use source port 0: nothing can be sent there (RFC 768 has it for one-way datagrams). */
  noReplyPort: number
  /** Datagrams to clients that the kernel refused to send. */
  sendFailed: number
  /** Errors of the kernel while datagrams of clients were received. */
  receiveFailed: number
  /** Datagrams of clients that the kernel dropped because a service's receive buffer was full. */
  kernelDrops: number
}

interface Listener {
  readonly socket: DatagramSocket
  /** Called when the socket is bound, could not be, or is not wanted any more. */
  readonly onSettled: () => void
}

/**
 * The clients' side of the uplink switch for UDP: one socket per service, one packet per datagram, and no state per
 * client, since each packet names both ends.
 */
export class UdpClientEdge {
  readonly counters: UdpClientEdgeCounters = {
    datagramsIn: 0,
    datagramsOut: 0,
    lostToQueue: 0,
    unknown: 0,
    noReplyPort: 0,
    sendFailed: 0,
    receiveFailed: 0,
    kernelDrops: 0,
  }
  readonly #options: UdpClientEdgeOptions
  readonly #sockets = new FiveTupleMap<DatagramSocket>()
  readonly #open = new Map<ClientEdgeService, Listener>()

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

  /** Counts datagrams that the kernel has dropped at a socket, if the socket is this edge's. */
  countKernelDrops({ address, port, peerPort }: OverflowedSocket, drops: number): void {
    const isOurs = ({ listen }: ClientEdgeService): boolean =>
      listen.port === port && parseIpv4(listen.address) === address && peerPort === 0
    if (this.listening.some(isOurs)) this.counters.kernelDrops += drops
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
    const clientPort = readU16(b, udp + 2)
    if (clientPort === 0) {
      this.counters.noReplyPort++
      return
    }
    this.counters.datagramsOut++
    const payload = Buffer.from(b.subarray(udp + UDP_HEADER_BYTES, udp + udpLength(b, udp)))
    socket.sendTo(payload, formatIpv4(ipv4Destination(b, start)), clientPort)
  }

  #listen(service: ClientEdgeService): Promise<void> {
    return new Promise((resolve) => {
      const socket = new DatagramSocket(
        { ...service.listen, receiveBufferBytes: RECEIVE_BUFFER_BYTES },
        {
          onOpen: () => resolve(),
          onMessage: (payload, address, port) => this.#toFabric(service, payload, parseIpv4(address)!, port),
          onError: (code, operation) => this.#onError(service, code, operation),
        },
      )
      this.#open.set(service, { socket, onSettled: resolve })
      this.#sockets.set(service.address, 0, service.port, 0, IpProtocol.UDP, socket)
      socket.open()
    })
  }

  #onError(service: ClientEdgeService, code: string, operation: DatagramOperation): void {
    if (operation === 'send') this.counters.sendFailed++
    else if (operation === 'receive') this.counters.receiveFailed++
    else {
      const { address, port } = service.listen
      this.#close(service)
      const error = { code, message: `${operation} ${code}` }
      this.#options.onListenError(service, new Error(explainListenError(error, address, port)))
    }
  }

  #close(service: ClientEdgeService): void {
    const listener = this.#open.get(service)
    if (listener === undefined) return
    this.#open.delete(service)
    this.#sockets.delete(service.address, 0, service.port, 0, IpProtocol.UDP)
    void listener.socket.close()
    listener.onSettled()
  }

  #toFabric(service: ClientEdgeService, payload: Buffer, client: number, clientPort: number): void {
    this.counters.datagramsIn++
    const { fabric } = this.#options
    if (!sendDatagram(fabric, client, clientPort, service.address, service.port, payload)) this.counters.lostToQueue++
  }
}
