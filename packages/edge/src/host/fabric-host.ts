import {
  DEFAULT_TTL,
  type IcmpError,
  IpProtocol,
  ipv4Protocol,
  NO_ROUTE,
  type PacketOutput,
  readIcmpError,
} from '@fivetuple/packet'
import { type Clock, DeadlineTimer } from '@fivetuple/runtime'
import type { TcpOptions } from '@fivetuple/tcp'
import type { Fabric } from '../fabric/fabric.js'
import type { Flow } from '../fabric/flow.js'
import { sendDatagram } from '../fabric/send-datagram.js'
import { SourcePorts } from '../fabric/source-ports.js'
import { TcpEdge } from '../fabric/tcp-edge.js'
import { type DatagramChannel, DatagramChannels, type DatagramOptions, type FabricTarget } from './datagram-channels.js'
import { type ConnectionHandlers, FabricConnection } from './fabric-connection.js'
import { errorCodeOf, type FabricErrorCode } from './fabric-error-code.js'

/** Stands for a source port while none is free. */
const NO_PORT = 0
/**
 * Time after which a connection that its owner has closed ends with RST, unless the peer has sent
 * its FIN, ms.
 */
const LINGER_MS = 2_000

export interface FabricHostOptions {
  /** Output for its packets: a port of the node that it is part of. */
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
   * First and last source port, inclusive. Their number also limits connections and datagram
   * channels at once.
   */
  readonly ports: readonly [number, number]
  readonly tcp: TcpOptions
  readonly clock: Clock
  /**
   * Initial sequence numbers, 32 bits each (RFC 9293 §3.4.1). Default: the system's random source.
   */
  readonly nextIss?: () => number
  /**
   * Creates the one timer. Default: a DeadlineTimer on `clock`. A simulation passes one that runs
   * on its own time.
   */
  readonly createTimer?: (onDue: () => number) => Pick<DeadlineTimer, 'arm' | 'close'>
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
  readonly #datagrams: DatagramChannels
  /** By source port: reason why a failed connection could not reach its target. */
  readonly #unreachable = new Map<number, FabricErrorCode>()
  /**
   * By source port: flows that their owners have closed, and the time by which they must be over,
   * ms. The first is the earliest.
   */
  readonly #lingering = new Map<number, { readonly flow: Flow; readonly until: number }>()
  #isClosed = false

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
    this.#datagrams = new DatagramChannels({
      send: (localPort, target, payload) =>
        this.#isUp(this.#memberLinkOf(localPort)) &&
        sendDatagram(this.#fabric, options.address, target.address, localPort, target.port, payload),
      onReleased: (localPort) => this.#ports.release(localPort),
    })
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

  /** Datagrams received that were not whole. */
  get malformed(): number {
    return this.#datagrams.malformed
  }

  /** Source ports in use: connections, closed ones that are not over yet, and datagram channels. */
  get portsInUse(): number {
    return this.#ports.used
  }

  /**
   * Returns true if a packet to this port is for the host, and not of a flow that the node
   * translates.
   */
  owns(port: number): boolean {
    return this.#ports.owns(port)
  }

  /**
   * Opens a TCP connection. Its outcome is reported to the handlers; a failure may be reported
   * before this returns.
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
    return this.#datagrams.open(localPort, options)
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
        this.#datagrams.receive(b, start, end)
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
   * Resets all connections, closes all channels and stops the timer. Nothing can be opened
   * afterwards.
   */
  close(): void {
    this.#isClosed = true
    const connections = [...this.#connections.values()]
    this.#edge.abortAll(this.#options.clock.now())
    for (const connection of connections) connection.fail('ECONNABORTED')
    this.#datagrams.closeAll()
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
    this.#lingering.delete(flow.localPort) // moves it behind those with an earlier deadline
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

  #receiveIcmpError(error: IcmpError, now: number): void {
    const { offending } = error
    const code = errorCodeOf(error)
    if (offending.protocol === IpProtocol.UDP) {
      this.#datagrams.unreachable(offending, code)
      return
    }
    this.#recordUnreachable(offending.sourcePort, code)
    this.#edge.receiveIcmpError(error, now)
  }
}
