import { createSocket, type Socket } from 'node:dgram'
import {
  DEFAULT_TTL,
  FiveTupleMap,
  formatIpv4,
  ICMP_ERROR_MAX_BYTES,
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  isUdpHeaderWhole,
  type Prefix,
  prefixContains,
  readU16,
  UDP_HEADER_BYTES,
  UnreachableCode,
  udpLength,
  writeIcmpError,
  writeIpv4Header,
  writeUdpHeader,
} from '@fivetuple/packet'
import { type Fabric, NO_ROUTE } from './fabric.js'
import { sendDatagram } from './send-datagram.js'

const TTL = DEFAULT_TTL - 1
/** Datagrams that wait while a new socket is bound and connected; more are lost. */
const PENDING_MAX = 64

export interface UdpServerEdgeOptions {
  readonly fabric: Fabric
  /** Where backends live; datagrams to anywhere else are answered with ICMP. */
  readonly prefixes: readonly Prefix[]
  /** A socket that has been silent for so long is closed, ms. */
  readonly idleMs: number
  /** Most sockets at once; datagrams of further flows are lost and counted. */
  readonly maxFlows: number
}

/** What a UDP edge has counted since it started. */
export interface UdpServerEdgeCounters {
  datagramsIn: number
  datagramsOut: number
  lostToQueue: number
  /** Port unreachable, as the backend's kernel said. */
  refused: number
  overLimit: number
  malformed: number
}

interface UdpFlow {
  readonly source: number
  readonly sourcePort: number
  readonly backend: number
  readonly backendPort: number
  readonly socket: Socket
  /** undefined once the socket is connected */
  pending: Buffer[] | undefined
  usedAt: number
  /** The backend has sent something since the last sweep. */
  isHeard: boolean
}

/**
 * The servers' side of the downlink switch for UDP: one socket per flow, bound to the packet's source (BIP and port) and
 * connected to the backend, so that the backend sees the BIP and the kernel tells us when nobody listens there.
 */
export class UdpServerEdge {
  readonly counters: UdpServerEdgeCounters = {
    datagramsIn: 0,
    datagramsOut: 0,
    lostToQueue: 0,
    refused: 0,
    overLimit: 0,
    malformed: 0,
  }
  readonly #options: UdpServerEdgeOptions
  readonly #flows = new FiveTupleMap<UdpFlow>()

  constructor(options: UdpServerEdgeOptions) {
    this.#options = options
  }

  get flowCount(): number {
    return this.#flows.size
  }

  /** A UDP packet from the fabric for a backend. Its IP header has been checked. */
  receive(b: Uint8Array, start: number, end: number, now: number): void {
    const udp = start + ipv4HeaderLength(b, start)
    if (!isUdpHeaderWhole(b, udp, Math.min(end, start + ipv4TotalLength(b, start)))) {
      this.counters.malformed++
      return
    }
    const source = ipv4Source(b, start)
    const backend = ipv4Destination(b, start)
    const sourcePort = readU16(b, udp)
    const backendPort = readU16(b, udp + 2)
    const flow =
      this.#flows.get(source, backend, sourcePort, backendPort, IpProtocol.UDP) ??
      this.#open(source, sourcePort, backend, backendPort)
    if (flow === undefined) return
    flow.usedAt = now
    const payload = Buffer.from(b.subarray(udp + UDP_HEADER_BYTES, udp + udpLength(b, udp)))
    if (flow.pending === undefined) this.#send(flow, payload)
    else if (flow.pending.length < PENDING_MAX) flow.pending.push(payload)
    else this.counters.lostToQueue++
  }

  /** Closes the sockets that have been idle for too long. To be called every second or so while there are flows. */
  sweep(now: number): void {
    for (const flow of [...this.#flows.values()]) {
      if (flow.isHeard) flow.usedAt = now
      flow.isHeard = false
      if (now - flow.usedAt >= this.#options.idleMs) this.#close(flow)
    }
  }

  close(): void {
    for (const flow of [...this.#flows.values()]) this.#close(flow)
  }

  #open(source: number, sourcePort: number, backend: number, backendPort: number): UdpFlow | undefined {
    if (!this.#options.prefixes.some((prefix) => prefixContains(prefix, backend))) {
      this.#unreachable(source, sourcePort, backend, backendPort)
      return undefined
    }
    if (this.#flows.size >= this.#options.maxFlows) {
      this.counters.overLimit++
      return undefined
    }
    // The same BIP and port may lead to several backends at once: connected sockets share it.
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    const flow: UdpFlow = { source, sourcePort, backend, backendPort, socket, pending: [], usedAt: 0, isHeard: false }
    this.#flows.set(source, backend, sourcePort, backendPort, IpProtocol.UDP, flow)
    socket.on('error', (error: NodeJS.ErrnoException) => this.#onError(flow, error))
    socket.on('message', (payload) => this.#toFabric(flow, payload))
    socket.bind({ address: formatIpv4(source), port: sourcePort, exclusive: true }, () =>
      socket.connect(backendPort, formatIpv4(backend), () => {
        const pending = flow.pending ?? []
        flow.pending = undefined
        for (const payload of pending) this.#send(flow, payload)
      }),
    )
    return flow
  }

  #send(flow: UdpFlow, payload: Buffer): void {
    this.counters.datagramsOut++
    flow.socket.send(payload, (error) => {
      if (error) this.#onError(flow, error as NodeJS.ErrnoException)
    })
  }

  #onError(flow: UdpFlow, error: NodeJS.ErrnoException): void {
    if (error.code === 'ECONNREFUSED') {
      this.counters.refused++
      this.#unreachable(flow.source, flow.sourcePort, flow.backend, flow.backendPort)
      return // the backend may come back; the socket is good
    }
    this.#close(flow)
  }

  #close(flow: UdpFlow): void {
    const { source, backend, sourcePort, backendPort } = flow
    if (this.#flows.delete(source, backend, sourcePort, backendPort, IpProtocol.UDP) === undefined) return
    flow.socket.removeAllListeners('message')
    flow.socket.close()
  }

  #toFabric(flow: UdpFlow, payload: Buffer): void {
    this.counters.datagramsIn++
    flow.isHeard = true
    const { backend, backendPort, source, sourcePort } = flow
    if (!sendDatagram(this.#options.fabric, backend, backendPort, source, sourcePort, payload))
      this.counters.lostToQueue++
  }

  /** ICMP port unreachable about the flow's packets, back to the LB (RFC 1122 §3.2.2.1). */
  #unreachable(source: number, sourcePort: number, backend: number, backendPort: number): void {
    const offending = new Uint8Array(IPV4_HEADER_BYTES + UDP_HEADER_BYTES)
    writeIpv4Header(offending, 0, offending.length, TTL, IpProtocol.UDP, source, backend)
    writeUdpHeader(offending, IPV4_HEADER_BYTES, sourcePort, backendPort, 0)
    const error = new Uint8Array(ICMP_ERROR_MAX_BYTES)
    const { DESTINATION_UNREACHABLE } = IcmpType
    const length = writeIcmpError(error, 0, DESTINATION_UNREACHABLE, UnreachableCode.PORT, backend, offending, 0)
    const { fabric } = this.#options
    const port = fabric.egressFor(backend, source, 0, 0, IpProtocol.ICMP, length, false)
    if (port !== NO_ROUTE) fabric.outputOf(port).append(error, 0, length)
  }
}
