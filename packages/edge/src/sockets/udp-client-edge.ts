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
import { type DatagramOperation, DatagramSocket, type OverflowedSocket } from '@fivetuple/runtime'
import type { Fabric } from '../fabric/fabric.js'
import { sendDatagram } from '../fabric/send-datagram.js'
import type { ClientEdgeService } from './client-edge-service.js'
import { type ListenFailure, ServiceListeners } from './service-listeners.js'
import type { UdpClientFlows } from './udp-client-flows.js'

/**
 * Receive buffer of a service's socket, bytes: a burst waits there while the edge forwards. The
 * kernel grants up to `net.core.rmem_max`, doubled for its own use; a small datagram takes 768
 * bytes of it.
 */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024

export interface UdpClientEdgeOptions {
  readonly fabric: Fabric
  readonly services: readonly ClientEdgeService[]
  /** The sockets that can't be bound have changed. */
  readonly onListenFailures: (failures: readonly ListenFailure[]) => void
  /** Time between attempts to bind a socket, ms. */
  readonly listenRetryMs?: number
  /** Flows that are counted for their records. Default: none are. */
  readonly flows?: UdpClientFlows
}

/** Totals of a UDP edge since it started. */
export interface UdpClientEdgeCounters {
  datagramsIn: number
  datagramsOut: number
  /** A cable's queue was full: as a full queue does to UDP, the datagram is lost. */
  lostToQueue: number
  /** From the fabric, but for no service of ours, or malformed. */
  unknown: number
  /**
   * Responses to clients that use source port 0: nothing can be sent there (RFC 768 has it for
   * one-way datagrams).
   */
  noReplyPort: number
  /** Datagrams to clients that the kernel refused to send. */
  sendFailed: number
  /** Errors of the kernel while datagrams of clients were received. */
  receiveFailed: number
  /** Datagrams of clients that the kernel dropped because a service's receive buffer was full. */
  kernelDrops: number
}

/**
 * The clients' side of the uplink switch for UDP: one socket per service, one packet per datagram.
 * Nothing that it forwards depends on state per client, since each packet names both ends.
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
  readonly #listeners: ServiceListeners<DatagramSocket>

  constructor(options: UdpClientEdgeOptions) {
    this.#options = options
    this.#listeners = new ServiceListeners({
      services: options.services,
      open: (service) => this.#bind(service),
      close: (socket, service) => {
        this.#sockets.delete(service.address, 0, service.port, 0, IpProtocol.UDP)
        void socket.close()
      },
      onFailures: options.onListenFailures,
      retryMs: options.listenRetryMs,
    })
  }

  /** The services that are being listened for. */
  get listening(): ClientEdgeService[] {
    return this.#listeners.listening
  }

  /** The services that can't be listened for. */
  get listenFailures(): ListenFailure[] {
    return this.#listeners.failures
  }

  /**
   * Opens and closes sockets to match `hasRoute`. Resolves when each wanted socket is bound or has
   * failed; one that has failed is tried again.
   */
  update(hasRoute: (address: number) => boolean): Promise<void> {
    return this.#listeners.update(hasRoute)
  }

  /** Counts datagrams that the kernel has dropped at a socket, if the socket is this edge's. */
  countKernelDrops({ address, port, peerPort }: OverflowedSocket, drops: number): void {
    const isOurs = ({ listen }: ClientEdgeService): boolean =>
      listen.port === port && parseIpv4(listen.address) === address && peerPort === 0
    if (this.listening.some(isOurs)) this.counters.kernelDrops += drops
  }

  close(): Promise<void> {
    return this.#listeners.close()
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
    const client = ipv4Destination(b, start)
    this.#options.flows?.received(client, ipv4Source(b, start), clientPort, readU16(b, udp), payload.length)
    socket.sendTo(payload, formatIpv4(client), clientPort)
  }

  #bind(service: ClientEdgeService): Promise<DatagramSocket> {
    return new Promise((resolve, reject) => {
      const socket = new DatagramSocket(
        { ...service.listen, receiveBufferBytes: RECEIVE_BUFFER_BYTES },
        {
          onOpen: () => {
            this.#sockets.set(service.address, 0, service.port, 0, IpProtocol.UDP, socket)
            resolve(socket)
          },
          onMessage: (payload, address, port) => this.#toFabric(service, payload, parseIpv4(address)!, port),
          onError: (code, operation) => {
            if (operation === 'send' || operation === 'receive') this.#count(operation)
            else reject(Object.assign(new Error(`${operation} ${code}`), { code }))
          },
        },
      )
      socket.open()
    })
  }

  #count(operation: DatagramOperation & ('send' | 'receive')): void {
    if (operation === 'send') this.counters.sendFailed++
    else this.counters.receiveFailed++
  }

  #toFabric(service: ClientEdgeService, payload: Buffer, client: number, clientPort: number): void {
    this.counters.datagramsIn++
    const { fabric, flows } = this.#options
    flows?.sent(client, service.address, clientPort, service.port, payload.length)
    if (!sendDatagram(fabric, client, service.address, clientPort, service.port, payload)) this.counters.lostToQueue++
  }
}
