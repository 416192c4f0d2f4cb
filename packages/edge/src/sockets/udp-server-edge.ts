import {
  FiveTupleMap,
  formatIpv4,
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
  udpLength,
} from '@fivetuple/packet'
import { type DatagramOperation, DatagramSocket, type OverflowedSocket } from '@fivetuple/runtime'
import type { Fabric } from '../fabric/fabric.js'
import { reportHostUnreachable, reportLocalFailure, reportPortUnreachable } from '../fabric/icmp-report.js'
import { type IdleEntry, IdleList } from '../fabric/idle-list.js'
import {
  countLocalFailure,
  type LocalFailureCounters,
  localFailureOf,
  newLocalFailureCounters,
} from '../fabric/local-failure.js'
import { sendDatagram } from '../fabric/send-datagram.js'

/**
 * Errors that Linux reports for ICMP errors other than port unreachable (ip(7)), and of addresses
 * that it has no route to.
 */
const UNREACHABLE: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EACCES'])
/**
 * Payload bytes of a flow that wait while its socket is bound and connected; more are dropped. That
 * is one turn of the event loop.
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
  /** A socket that has been silent for so long is closed, ms. */
  readonly idleMs: number
  /**
   * Most sockets at once: a further flow ends the one that has been idle longest, of those with one
   * datagram of the client first.
   */
  readonly maxFlows: number
}

/** Totals of a UDP edge since it started. */
export interface UdpServerEdgeCounters extends LocalFailureCounters {
  datagramsIn: number
  datagramsOut: number
  lostToQueue: number
  /** Port unreachable, as the backend's kernel reported. */
  refused: number
  /**
   * Host or network unreachable, as the kernel reports it: nothing can be sent to the backend's
   * address.
   */
  unreachable: number
  /** Datagrams to addresses where no backend may be. */
  noBackend: number
  overLimit: number
  /** Flows that had to make room for a new one. */
  evicted: number
  malformed: number
  /** Datagrams whose flow got no socket: the kernel refused to bind one to the flow's source. */
  bindFailed: number
  /** Datagrams to backends that the kernel refused to send. */
  sendFailed: number
  /** Errors of the kernel while datagrams of backends were received. */
  receiveFailed: number
  /**
   * Datagrams of backends that the kernel dropped because the receive buffer of a flow's socket was
   * full.
   */
  kernelDrops: number
  /**
   * Datagrams that the kernel dropped because the receive buffer of a backend's own socket was
   * full.
   */
  backendKernelDrops: number
}

interface UdpFlow extends IdleEntry<UdpFlow> {
  readonly source: number
  readonly sourcePort: number
  readonly backend: number
  readonly backendPort: number
  readonly socket: DatagramSocket
  /** Datagrams that wait until the socket is connected, and their bytes; undefined once it is. */
  pending: Buffer[] | undefined
  pendingBytes: number
  usedAt: number
  /** The client has sent more than one datagram. */
  isStream: boolean
  /** The backend has sent something since the last sweep. */
  hasResponded: boolean
}

/**
 * The servers' side of the downlink switch for UDP: one socket per flow, bound to the packet's
 * source (BIP and port) and connected to the backend, so that the backend sees the BIP and the
 * kernel reports when nothing listens there.
 */
export class UdpServerEdge {
  readonly counters: UdpServerEdgeCounters = {
    datagramsIn: 0,
    datagramsOut: 0,
    lostToQueue: 0,
    refused: 0,
    unreachable: 0,
    noBackend: 0,
    overLimit: 0,
    evicted: 0,
    malformed: 0,
    bindFailed: 0,
    sendFailed: 0,
    receiveFailed: 0,
    kernelDrops: 0,
    backendKernelDrops: 0,
    ...newLocalFailureCounters(),
  }
  readonly #options: UdpServerEdgeOptions
  readonly #flows = new FiveTupleMap<UdpFlow>()
  /**
   * Flows with one datagram of the client, such as a request and its response. They make room
   * first.
   */
  readonly #requests = new IdleList<UdpFlow>()
  readonly #streams = new IdleList<UdpFlow>()

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
    const known = this.#flows.get(source, backend, sourcePort, backendPort, IpProtocol.UDP)
    const flow = known ?? this.#admit(source, backend, sourcePort, backendPort)
    if (flow === undefined) return
    flow.usedAt = now
    this.#use(flow, known !== undefined)
    const payload = Buffer.from(b.subarray(udp + UDP_HEADER_BYTES, udp + udpLength(b, udp)))
    if (flow.pending === undefined) this.#send(flow, payload)
    else if (flow.pendingBytes + payload.length <= PENDING_MAX_BYTES) {
      flow.pending.push(payload)
      flow.pendingBytes += payload.length
    } else this.counters.lostToQueue++
    // Not before its first datagram waits: the socket may fail at once.
    if (known === undefined) flow.socket.open()
  }

  /**
   * Closes the sockets that have been idle for too long. To be called every second or so while
   * there are flows.
   */
  sweep(now: number): void {
    for (const flow of [...this.#flows.values()]) {
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
    if (this.#flows.get(address, peerAddress, port, peerPort, IpProtocol.UDP) !== undefined)
      this.counters.kernelDrops += drops
    else if (peerPort === 0 && this.#options.prefixes.some((prefix) => prefixContains(prefix, address)))
      this.counters.backendKernelDrops += drops
  }

  close(): void {
    for (const flow of [...this.#flows.values()]) this.#close(flow)
  }

  /** Makes a flow whose socket is not open yet; undefined when there may be none. */
  #admit(source: number, backend: number, sourcePort: number, backendPort: number): UdpFlow | undefined {
    if (!this.#options.prefixes.some((prefix) => prefixContains(prefix, backend))) {
      this.counters.noBackend++
      reportPortUnreachable(this.#options.fabric, offendingFlow({ source, sourcePort, backend, backendPort }))
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
        isAddressShared: true, // the same BIP and port may lead to several backends at once
      },
      {
        onOpen: () => this.#flush(flow),
        onMessage: (payload) => this.#toFabric(flow, payload),
        onError: (code, operation) => this.#onError(flow, code, operation),
      },
    )
    const flow: UdpFlow = {
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
    this.#requests.add(flow)
    this.#flows.set(source, backend, sourcePort, backendPort, IpProtocol.UDP, flow)
    return flow
  }

  #listOf(flow: UdpFlow): IdleList<UdpFlow> {
    return flow.isStream ? this.#streams : this.#requests
  }

  /** Records a datagram of the client. */
  #use(flow: UdpFlow, isFurther: boolean): void {
    if (!isFurther || flow.isStream) {
      this.#listOf(flow).use(flow)
      return
    }
    this.#requests.remove(flow)
    flow.isStream = true
    this.#streams.add(flow)
  }

  /** Ends the flow that has been idle longest; returns false if there is none. */
  #evict(): boolean {
    const flow = this.#requests.longest ?? this.#streams.longest
    if (flow === undefined) return false
    this.counters.evicted++
    this.#close(flow)
    return true
  }

  #flush(flow: UdpFlow): void {
    const pending = flow.pending ?? []
    flow.pending = undefined
    for (const payload of pending) this.#send(flow, payload)
  }

  #send(flow: UdpFlow, payload: Buffer): void {
    this.counters.datagramsOut++
    flow.socket.send(payload)
  }

  #onError(flow: UdpFlow, code: string, operation: DatagramOperation): void {
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
        if (failure !== 'source-port') this.#evict() // the next flow finds room
        reportLocalFailure(fabric, offendingFlow(flow), failure)
      } else if (operation === 'bind') {
        counters.bindFailed += waiting
        reportLocalFailure(fabric, offendingFlow(flow), 'limit')
      } else {
        counters.unreachable += waiting
        reportHostUnreachable(fabric, offendingFlow(flow))
      }
      return
    }
    // The socket of a flow works on after any of these: the backend may come back.
    if (code === 'ECONNREFUSED') {
      counters.refused++
      reportPortUnreachable(fabric, offendingFlow(flow))
    } else if (UNREACHABLE.has(code)) {
      counters.unreachable++
      reportHostUnreachable(fabric, offendingFlow(flow))
    } else if (failure !== undefined) countLocalFailure(counters, failure)
    else if (operation === 'send') counters.sendFailed++
    else counters.receiveFailed++
  }

  #close(flow: UdpFlow): void {
    const { source, backend, sourcePort, backendPort } = flow
    if (this.#flows.delete(source, backend, sourcePort, backendPort, IpProtocol.UDP) === undefined) return
    this.#listOf(flow).remove(flow)
    void flow.socket.close()
  }

  #toFabric(flow: UdpFlow, payload: Buffer): void {
    this.counters.datagramsIn++
    flow.hasResponded = true
    this.#listOf(flow).use(flow)
    const { backend, backendPort, source, sourcePort } = flow
    if (!sendDatagram(this.#options.fabric, backend, source, backendPort, sourcePort, payload))
      this.counters.lostToQueue++
  }
}

function offendingFlow({
  source,
  sourcePort,
  backend,
  backendPort,
}: Pick<UdpFlow, 'source' | 'sourcePort' | 'backend' | 'backendPort'>) {
  return {
    sourceAddress: source,
    sourcePort,
    destinationAddress: backend,
    destinationPort: backendPort,
    protocol: IpProtocol.UDP,
  }
}
