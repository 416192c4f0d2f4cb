import {
  DEFAULT_TTL,
  type IcmpError,
  IcmpType,
  IpProtocol,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  isAdmissionRefusal,
  isSourcePortProblem,
  isUdpHeaderWhole,
  NO_ROUTE,
  type PacketOutput,
  readIcmpError,
  UDP_HEADER_BYTES,
  UnreachableCode,
  udpDestinationPort,
  udpLength,
  udpSourcePort,
} from '@fivetuple/packet'
import { type Clock, DeadlineTimer } from '@fivetuple/runtime'
import type { TcpOptions } from '@fivetuple/tcp'
import type { Fabric } from '../fabric/fabric.js'
import type { Flow } from '../fabric/flow.js'
import { sendDatagram } from '../fabric/send-datagram.js'
import { SourcePorts } from '../fabric/source-ports.js'
import { TcpEdge } from '../fabric/tcp-edge.js'
import { type ConnectionHandlers, FabricConnection, type FabricErrorCode } from './fabric-connection.js'

/** In place of a source port when there is none to be had. */
const NO_PORT = 0
/**
 * A connection that its owner is done with ends by then, with RST if the peer has not sent its FIN.
 */
const LINGER_MS = 2_000

export interface FabricHostOptions {
  /** Output for its packets: the port of the node that it is part of. */
  readonly output: PacketOutput
  /** Further member links of that port: each source port uses one of them all. Default: none. */
  readonly furtherMemberLinks?: readonly PacketOutput[]
  /**
   * Returns true while a member link, counted from 0, has carrier. Without it connections fail at
   * once. Default: always true.
   */
  readonly isUp?: (memberLink: number) => boolean
  /** Its address. */
  readonly address: number
  /**
   * First and last source port, inclusive: also the most connections and datagram channels at once.
   */
  readonly ports: readonly [number, number]
  readonly tcp: TcpOptions
  readonly clock: Clock
  /**
   * Initial sequence numbers, 32 bits each (RFC 9293 §3.4.1). Default: the system's random source.
   */
  readonly nextIss?: () => number
  /**
   * Makes the one timer. Default: a DeadlineTimer on `clock`; a simulation gives one that runs on
   * its own time.
   */
  readonly createTimer?: (onDue: () => number) => Pick<DeadlineTimer, 'arm' | 'close'>
}

/** Address and port of the other end. */
export interface FabricTarget {
  readonly address: number
  readonly port: number
}

export interface DatagramOptions extends FabricTarget {
  /** A datagram from the target; the bytes are the receiver's own. */
  readonly onMessage: (payload: Uint8Array) => void
  /**
   * An ICMP error about what was sent: the target's port is closed, it can't be reached, or this
   * port or a limit is in the way.
   */
  readonly onUnreachable: (code: FabricErrorCode) => void
}

/** A source port bound for datagrams to and from one target. */
export interface DatagramChannel {
  /**
   * Returns false when the datagram was lost because the queue is full, there is no carrier, or the
   * channel is closed.
   */
  send(payload: Uint8Array): boolean
  /** Gives the port back. */
  close(): void
}

/**
 * An IP host inside a node of the fabric: opens TCP connections and exchanges datagrams from the
 * node's own address through one of its ports, as packets among those that the node forwards. It
 * owns a range of source ports, so that the node finds by a packet's destination port alone
 * whether it is for the host.
 */
export class FabricHost {
  readonly #options: FabricHostOptions
  readonly #fabric: Fabric
  readonly #memberLinks: readonly PacketOutput[]
  readonly #edge: TcpEdge
  readonly #timer: Pick<DeadlineTimer, 'arm' | 'close'>
  readonly #ports: SourcePorts
  /** By source port: connections, until their flow is gone. */
  readonly #connections = new Map<number, FabricConnection>()
  /** By source port. */
  readonly #channels = new Map<number, DatagramOptions>()
  /** By source port: why a connection that failed could not reach its target. */
  readonly #unreachable = new Map<number, FabricErrorCode>()
  /**
   * By source port: flows that nobody waits for any more, and when they must be over, ms. The first
   * is the earliest.
   */
  readonly #lingering = new Map<number, { readonly flow: Flow; readonly until: number }>()
  #isClosed = false
  /** Datagrams that were not whole. */
  malformed = 0

  constructor(options: FabricHostOptions) {
    const { output, furtherMemberLinks = [], clock, tcp, ports } = options
    this.#options = options
    this.#memberLinks = [output, ...furtherMemberLinks]
    this.#ports = new SourcePorts(...ports)
    this.#fabric = {
      ttl: DEFAULT_TTL,
      routeAndCount: (_source, _destination, sourcePort) => {
        const memberLink = this.#memberLinkOf(sourcePort)
        if (this.#isUp(memberLink)) return memberLink
        this.#recordUnreachable(sourcePort, 'EHOSTUNREACH')
        return NO_ROUTE
      },
      outputOf: (memberLink) => this.#memberLinks[memberLink]!,
    }
    const createTimer = options.createTimer ?? ((onDue) => new DeadlineTimer(clock, onDue))
    this.#timer = createTimer(() => this.#onDue())
    this.#edge = new TcpEdge(
      {
        fabric: this.#fabric,
        tcp,
        maxFlows: ports[1] - ports[0] + 1,
        nextIss: options.nextIss ?? (() => crypto.getRandomValues(new Uint32Array(1))[0]!),
        onEarlierDeadline: (deadline) => this.#timer.arm(deadline),
      },
      clock.now(),
    )
  }

  /** Source ports in use: connections, closed ones that are not over yet, and datagram channels. */
  get portsInUse(): number {
    return this.#ports.used
  }

  /**
   * Returns true if a packet to this port of the host's address is the host's, and not of a flow
   * that the node translates.
   */
  owns(port: number): boolean {
    return this.#ports.owns(port)
  }

  /**
   * Opens a TCP connection; its outcome goes to the handlers, failures perhaps before this
   * returns.
   */
  connect({ address, port }: FabricTarget, handlers: ConnectionHandlers): FabricConnection {
    const { clock } = this.#options
    const localPort = this.#takePort()
    const connection = new FabricConnection({
      edge: this.#edge,
      clock,
      localAddress: this.#options.address,
      localPort,
      remoteAddress: address,
      remotePort: port,
      handlers,
      unreachableCode: () => this.#unreachable.get(localPort),
      onLinger: (flow) => this.#linger(flow),
      onReleased: () => {
        this.#connections.delete(localPort)
        this.#lingering.delete(localPort)
        this.#unreachable.delete(localPort)
        this.#ports.release(localPort)
      },
    })
    if (localPort === NO_PORT) connection.fail('EADDRNOTAVAIL')
    else {
      this.#connections.set(localPort, connection)
      connection.open()
    }
    return connection
  }

  /** Binds a source port for datagrams; undefined when all are in use. */
  openDatagram(options: DatagramOptions): DatagramChannel | undefined {
    const localPort = this.#takePort()
    if (localPort === NO_PORT) return undefined
    this.#channels.set(localPort, options)
    return {
      send: (payload) =>
        this.#channels.get(localPort) === options &&
        this.#isUp(this.#memberLinkOf(localPort)) &&
        sendDatagram(this.#fabric, this.#options.address, options.address, localPort, options.port, payload),
      close: () => {
        if (this.#channels.get(localPort) !== options) return
        this.#channels.delete(localPort)
        this.#ports.release(localPort)
      },
    }
  }

  /**
   * A packet to one of the host's ports, or an ICMP error about one that it has sent. Its IP header
   * has been checked.
   */
  receive(b: Uint8Array, start: number, end: number, now: number): void {
    switch (ipv4Protocol(b, start)) {
      case IpProtocol.TCP:
        this.#edge.receive(b, start, end, now)
        return
      case IpProtocol.UDP:
        this.#receiveDatagram(b, start, end)
        return
      case IpProtocol.ICMP: {
        const error = readIcmpError(b, start)
        if (error !== undefined) this.#receiveIcmpError(error, now)
      }
    }
  }

  /** Resumes what waits for a member link, which has room or carrier again. */
  unblocked(memberLink = 0): void {
    this.#edge.portUnblocked(memberLink, this.#options.clock.now())
  }

  /**
   * Resets all connections, closes all channels, stops the timer. Nothing can be opened any more.
   */
  close(): void {
    this.#isClosed = true
    const connections = [...this.#connections.values()]
    this.#edge.abortAll(this.#options.clock.now())
    for (const connection of connections) connection.fail('ECONNABORTED')
    for (const port of this.#channels.keys()) this.#ports.release(port)
    this.#channels.clear()
    this.#timer.close()
  }

  #isUp(memberLink: number): boolean {
    return this.#options.isUp?.(memberLink) ?? true
  }

  #memberLinkOf(sourcePort: number): number {
    return sourcePort % this.#memberLinks.length
  }

  #takePort(): number {
    return this.#isClosed ? NO_PORT : (this.#ports.take() ?? NO_PORT)
  }

  #recordUnreachable(sourcePort: number, code: FabricErrorCode): void {
    if (this.#connections.has(sourcePort)) this.#unreachable.set(sourcePort, code)
  }

  #linger(flow: Flow): void {
    const until = this.#options.clock.now() + LINGER_MS
    this.#lingering.delete(flow.localPort) // it comes behind those that are to be over sooner
    this.#lingering.set(flow.localPort, { flow, until })
    this.#timer.arm(until)
  }

  #onDue(): number {
    const now = this.#options.clock.now()
    this.#edge.onTimeout(now)
    for (const { flow, until } of this.#lingering.values()) {
      if (until > now) return Math.min(until, this.#edge.deadline())
      this.#edge.abort(flow, now)
    }
    return this.#edge.deadline()
  }

  #receiveDatagram(b: Uint8Array, start: number, end: number): void {
    const udp = start + ipv4HeaderLength(b, start)
    if (!isUdpHeaderWhole(b, udp, Math.min(end, start + ipv4TotalLength(b, start)))) {
      this.malformed++
      return
    }
    const channel = this.#channels.get(udpDestinationPort(b, udp))
    if (channel === undefined || ipv4Source(b, start) !== channel.address || udpSourcePort(b, udp) !== channel.port)
      return // as a connected socket: only its peer is heard
    channel.onMessage(b.slice(udp + UDP_HEADER_BYTES, udp + udpLength(b, udp)))
  }

  #receiveIcmpError(error: IcmpError, now: number): void {
    const { sourcePort, destinationAddress, destinationPort, protocol } = error.offending
    const reason = errorCodeOf(error)
    if (protocol === IpProtocol.UDP) {
      const channel = this.#channels.get(sourcePort)
      if (channel?.address === destinationAddress && channel.port === destinationPort) channel.onUnreachable(reason)
      return
    }
    this.#recordUnreachable(sourcePort, reason)
    this.#edge.receiveIcmpError(error, now)
  }
}

function errorCodeOf(error: IcmpError): FabricErrorCode {
  if (isSourcePortProblem(error)) return 'EADDRINUSE'
  if (isAdmissionRefusal(error)) return 'ENOBUFS'
  const isPort = error.type === IcmpType.DESTINATION_UNREACHABLE && error.code === UnreachableCode.PORT
  return isPort ? 'ECONNREFUSED' : 'EHOSTUNREACH'
}
