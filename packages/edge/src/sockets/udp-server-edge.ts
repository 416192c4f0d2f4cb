import {
  formatIpv4,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Source,
  ipv4TotalLength,
  isUdpHeaderWhole,
  type Prefix,
  prefixContains,
  readU16,
  UDP_HEADER_BYTES,
  udpLength,
} from '@fivetuple/packet'
import { type DatagramOperation, DatagramSocket, type OverflowedSocket } from '@fivetuple/runtime'
import type { Fabric } from '../fabric/fabric.js'
import { reportHostUnreachable, reportLocalFailure, reportPortUnreachable } from '../fabric/icmp-report.js'
import { countLocalFailure, localFailureOf } from '../fabric/local-failure.js'
import { sendDatagram } from '../fabric/send-datagram.js'
import { newUdpServerEdgeCounters } from './udp-server-edge-counters.js'
import { tupleOf, type UdpServerFlow, UdpServerFlows } from './udp-server-flows.js'

/**
 * Errors that Linux reports for ICMP errors other than port unreachable (ip(7)), and for addresses
 * without a route.
 */
const UNREACHABLE: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EACCES'])
/**
 * Most payload bytes of a flow that wait while its socket is bound and connected, which takes one
 * turn of the event loop. Further ones are dropped.
 */
const PENDING_MAX_BYTES = 1024 * 1024

/**
 * Receive buffer of a flow's socket, bytes, for bursts of its backend; the kernel grants up to
 * `net.core.rmem_max`.
 */
const RECEIVE_BUFFER_BYTES = 1024 * 1024

export interface UdpServerEdgeOptions {
  readonly fabric: Fabric
  /** Prefixes of backends; datagrams to other addresses are answered with ICMP. */
  readonly prefixes: readonly Prefix[]
  /** Idle time after which a socket is closed, ms. */
  readonly idleMs: number
  /**
   * Most sockets at once. A further flow ends the flow that has been idle longest; flows with one
   * datagram of the client go first.
   */
  readonly maxFlows: number
}

/**
 * The server side of the downlink switch for UDP: one socket per flow, bound to the packet's source
 * (BIP and port) and connected to the backend. So the backend sees the BIP, and the kernel reports
 * if nothing listens there.
 */
export class UdpServerEdge {
  readonly counters = newUdpServerEdgeCounters()
  readonly #options: UdpServerEdgeOptions
  readonly #flows = new UdpServerFlows()

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
    const known = this.#flows.get(source, backend, sourcePort, backendPort)
    const flow = known ?? this.#admit(source, backend, sourcePort, backendPort)
    if (flow === undefined) return
    flow.usedAt = now
    if (known !== undefined) this.#flows.useAgain(flow)
    const payload = Buffer.from(b.subarray(udp + UDP_HEADER_BYTES, udp + udpLength(b, udp)))
    if (flow.pending === undefined) this.#send(flow, payload)
    else if (flow.pendingBytes + payload.length <= PENDING_MAX_BYTES) {
      flow.pending.push(payload)
      flow.pendingBytes += payload.length
    } else this.counters.lostToQueue++
    // After its first datagram has been queued: the socket may fail at once.
    if (known === undefined) flow.socket.open()
  }

  /**
   * Closes the sockets that have been idle for too long. To be called every second or so while
   * there are flows.
   */
  sweep(now: number): void {
    for (const flow of this.#flows.all()) {
      if (flow.hasResponded) flow.usedAt = now
      flow.hasResponded = false
      if (now - flow.usedAt >= this.#options.idleMs) this.#close(flow)
    }
  }

  /**
   * Counts datagrams that the kernel has dropped at a socket, if it is that of a flow, or of a
   * backend on this machine.
   */
  countKernelDrops({ address, port, peerAddress, peerPort }: OverflowedSocket, drops: number): void {
    if (this.#flows.get(address, peerAddress, port, peerPort) !== undefined) this.counters.kernelDrops += drops
    else if (peerPort === 0 && this.#options.prefixes.some((prefix) => prefixContains(prefix, address)))
      this.counters.backendKernelDrops += drops
  }

  close(): void {
    for (const flow of this.#flows.all()) this.#close(flow)
  }

  /** Creates a flow whose socket is not open yet; undefined if the flow is refused. */
  #admit(source: number, backend: number, sourcePort: number, backendPort: number): UdpServerFlow | undefined {
    if (!this.#options.prefixes.some((prefix) => prefixContains(prefix, backend))) {
      this.counters.noBackend++
      reportPortUnreachable(this.#options.fabric, tupleOf({ source, sourcePort, backend, backendPort }))
      return undefined
    }
    if (this.#flows.size >= this.#options.maxFlows && !this.#evict()) {
      this.counters.overLimit++
      return undefined
    }
    const socket = new DatagramSocket(
      {
        address: formatIpv4(source),
        port: sourcePort,
        peer: { address: formatIpv4(backend), port: backendPort },
        receiveBufferBytes: RECEIVE_BUFFER_BYTES,
        isAddressShared: true, // the same BIP and port may be used towards several backends at once
      },
      {
        onOpen: () => this.#flush(flow),
        onMessage: (payload) => this.#toFabric(flow, payload),
        onError: (code, operation) => this.#onError(flow, code, operation),
      },
    )
    const flow: UdpServerFlow = {
      source,
      sourcePort,
      backend,
      backendPort,
      socket,
      pending: [],
      pendingBytes: 0,
      usedAt: 0,
      isStream: false,
      hasResponded: false,
      idleLonger: undefined,
      idleLess: undefined,
    }
    this.#flows.add(flow)
    return flow
  }

  /** Ends the flow that has been idle longest; returns false if there is none. */
  #evict(): boolean {
    const flow = this.#flows.longestIdle
    if (flow === undefined) return false
    this.counters.evicted++
    this.#close(flow)
    return true
  }

  #flush(flow: UdpServerFlow): void {
    const pending = flow.pending ?? []
    flow.pending = undefined
    for (const payload of pending) this.#send(flow, payload)
  }

  #send(flow: UdpServerFlow, payload: Buffer): void {
    this.counters.datagramsOut++
    flow.socket.send(payload)
  }

  #onError(flow: UdpServerFlow, code: string, operation: DatagramOperation): void {
    const { fabric } = this.#options
    const { counters } = this
    const failure = localFailureOf(code)
    if (operation === 'bind' || operation === 'connect') {
      const waiting = flow.pending?.length ?? 0
      this.#close(flow)
      // bind(2) fails so for an address that this machine does not have, whatever the port is.
      const isAddress = operation === 'bind' && code === 'EADDRNOTAVAIL'
      if (failure !== undefined && !isAddress) {
        countLocalFailure(counters, failure, waiting)
        if (failure !== 'source-port') this.#evict() // makes room for the next flow
        reportLocalFailure(fabric, tupleOf(flow), failure)
      } else if (operation === 'bind') {
        counters.bindFailed += waiting
        reportLocalFailure(fabric, tupleOf(flow), 'limit')
      } else {
        counters.unreachable += waiting
        reportHostUnreachable(fabric, tupleOf(flow))
      }
      return
    }
    // After any of these errors the socket stays open: the backend may come back.
    if (code === 'ECONNREFUSED') {
      counters.refused++
      reportPortUnreachable(fabric, tupleOf(flow))
    } else if (UNREACHABLE.has(code)) {
      counters.unreachable++
      reportHostUnreachable(fabric, tupleOf(flow))
    } else if (failure !== undefined) countLocalFailure(counters, failure)
    else if (operation === 'send') counters.sendFailed++
    else counters.receiveFailed++
  }

  #close(flow: UdpServerFlow): void {
    if (this.#flows.delete(flow)) void flow.socket.close()
  }

  #toFabric(flow: UdpServerFlow, payload: Buffer): void {
    this.counters.datagramsIn++
    flow.hasResponded = true
    this.#flows.use(flow)
    const { backend, backendPort, source, sourcePort } = flow
    if (!sendDatagram(this.#options.fabric, backend, source, backendPort, sourcePort, payload))
      this.counters.lostToQueue++
  }
}
