import { type HopTable, NO_HOP } from '@fivetuple/flow-records'
import {
  decrementTtl,
  type FiveTuple,
  type FlowHash,
  hasPorts,
  IcmpType,
  IpProtocol,
  icmpQuoteOffset,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  ipv4TotalLength,
  ipv4Ttl,
  malformedIpv4,
  NO_ROUTE,
  type PacketOutput,
  readU16,
  TCP_HEADER_BYTES,
  TcpFlag,
  UnreachableCode,
} from '@fivetuple/packet'
import { Diversion, DivertedFlows } from './diverted-flows.js'
import { type DropCounters, newDropCounters } from './drop-causes.js'
import { type Decision, explainRoute } from './explain-route.js'
import type { Fib } from './fib/fib.js'
import { EDGE_PORT } from './fib/route.js'
import type { IcmpCounters } from './icmp-responder.js'
import { newPortCounters, type PortCounters } from './port-counters.js'
import { RouterHost } from './router-host.js'
import { RouteChoice, type RoutingState, selectRoute } from './select-route.js'

/** A port as the data plane sees it. */
export interface ForwarderPort {
  /** 1 to N */
  readonly id: number
  /** Carrier. */
  readonly isUp: boolean
  readonly output: PacketOutput
}

export interface ForwarderOptions {
  /** Router address: the source of ICMP messages, and what answers to ping. */
  readonly address: number
  readonly hash: FlowHash
  /** 32 bits */
  readonly seed: number
  readonly fib: Fib
  /**
   * Receives a packet that the route table sends to the edge. It may keep the bytes if the caller
   * of `receive` allows it.
   */
  readonly edge: (b: Uint8Array, start: number, end: number, now: number) => void
}

/**
 * The forwarder of a switch: receives, looks up, allocates (hash, then select) and sends packets
 * (claims C5, C9, C10). The route table of that moment decides each packet. There is no state per
 * flow.
 *
 * Each header is checked in full, checksum included (RFC 1812 §5.2.2). Cables deliver bytes as they
 * were sent, but faults corrupt packets on purpose. A corrupted packet must be dropped here and not
 * misdelivered. The check costs about ten nanoseconds.
 *
 * Delivery to the edge is local delivery: the edge stands for the hosts behind the switch, so the
 * TTL is neither checked nor decremented.
 */
export class Forwarder {
  /** By port id; {@link EDGE_PORT} is the edge. */
  readonly counters: ReadonlyMap<number, PortCounters>
  readonly drops: DropCounters = newDropCounters()
  readonly #options: ForwarderOptions
  readonly #ports: (ForwarderPort | undefined)[] = []
  readonly #portCounters: PortCounters[] = []
  readonly #router: RouterHost
  readonly #diverted: DivertedFlows
  /** Reused for each packet. */
  readonly #choice = new RouteChoice()
  /** `fib` is replaced as a whole, the rest stays. */
  readonly #state: RoutingState & { fib: Fib }

  /** @param now ms */
  constructor(options: ForwarderOptions, ports: readonly ForwarderPort[], now = 0) {
    this.#options = options
    const { address, hash, seed, fib } = options
    this.#diverted = new DivertedFlows(now)
    this.#state = { address, hash, seed, fib, diverted: this.#diverted, isUp: (port) => this.#isUp(port) }
    this.#router = new RouterHost(address, this.drops, (message, at) => this.#originate(message, at))
    for (const port of ports) this.#ports[port.id] = port
    this.counters = new Map([EDGE_PORT, ...ports.map(({ id }) => id)].map((id) => [id, newPortCounters()]))
    for (const [id, counters] of this.counters) this.#portCounters[id] = counters
  }

  get fib(): Fib {
    return this.#state.fib
  }

  get icmp(): Readonly<IcmpCounters> {
    return this.#router.icmp
  }

  /** Flows diverted from next hops that drain. */
  get diverted(): Readonly<Pick<DivertedFlows, 'size' | 'total' | 'overLimit'>> {
    return this.#diverted
  }

  /** Deletes idle diverted flows. To be called about every second. */
  expire(now: number): void {
    this.#diverted.expire(now)
  }

  /** Replaces the route table. The new one decides the next packet. */
  setFib(fib: Fib): void {
    this.#state.fib = fib
  }

  /**
   * Forwards a run of whole packets that were received on cable `ingress`, and changes them in
   * place. Any bytes are handled: a malformed packet is counted and dropped, together with the rest
   * of the run if its length is not credible.
   *
   * @param now ms
   */
  receive(b: Uint8Array, start: number, end: number, ingress: number, now: number): void {
    const counters = this.#portCounters[ingress]!
    counters.bytesIn += end - start
    // Successive packets that leave by the same port are written as one run.
    let runPort = NO_ROUTE
    let runStart = start
    let o = start
    while (o < end) {
      counters.packetsIn++
      const malformed = malformedIpv4(b, o, end)
      if (malformed !== undefined) {
        this.drops[`malformed-${malformed}`]++
        if (runPort > EDGE_PORT) this.#send(runPort, b, runStart, o)
        runPort = NO_ROUTE
        if (malformed !== 'fragment' && malformed !== 'checksum') return
        o += ipv4TotalLength(b, o)
        continue
      }
      const length = ipv4TotalLength(b, o)
      const egress = this.#route(b, o, length, now)
      if (egress !== runPort) {
        if (runPort > EDGE_PORT) this.#send(runPort, b, runStart, o)
        runPort = egress
        runStart = o
      }
      if (egress === EDGE_PORT) this.#toEdge(b, o, length, now)
      o += length
    }
    if (runPort > EDGE_PORT) this.#send(runPort, b, runStart, end)
  }

  /**
   * Returns the port for a packet that the edge is about to originate, or {@link NO_ROUTE}, and
   * counts the packet as received and sent, or as dropped. A packet to the edge itself has no
   * route. Allocation-free.
   *
   * @param bytes total length of the packet
   * @param begins true for a SYN that opens a flow
   * @param isKeepAlive true for a keep-alive of the edge itself, which is no use of the flow and
   * keeps no bucket busy
   */
  routeAndCount(
    sourceAddress: number,
    destinationAddress: number,
    sourcePort: number,
    destinationPort: number,
    protocol: number,
    bytes: number,
    begins: boolean,
    isKeepAlive?: boolean,
  ): number {
    const edge = this.#portCounters[EDGE_PORT]!
    edge.packetsIn++
    edge.bytesIn += bytes
    // As #decide, inlined by hand: it saves a call per packet.
    const choice = this.#choice
    const port = selectRoute(
      this.#state,
      sourceAddress,
      destinationAddress,
      sourcePort,
      destinationPort,
      protocol,
      begins,
      isKeepAlive !== true,
      choice,
    )
    if (choice.diversion !== Diversion.NONE)
      this.#diverted.record(choice.diversion, sourceAddress, destinationAddress, sourcePort, destinationPort, port)
    if (port <= EDGE_PORT) {
      this.drops['no-route']++
      return NO_ROUTE
    }
    if (this.#ports[port]?.isUp !== true) {
      this.drops['port-down']++
      return NO_ROUTE
    }
    const counters = this.#portCounters[port]!
    counters.packetsOut++
    counters.bytesOut += bytes
    return port
  }

  /**
   * Reverts {@link routeAndCount} for a packet that the edge keeps or drops because the port's
   * queue is full.
   */
  uncount(port: number, bytes: number): void {
    const edge = this.#portCounters[EDGE_PORT]!
    edge.packetsIn--
    edge.bytesIn -= bytes
    const counters = this.#portCounters[port]!
    counters.packetsOut--
    counters.bytesOut -= bytes
  }

  /** Returns the output of a cable's port. */
  outputOf(port: number): PacketOutput {
    return this.#ports[port]!.output
  }

  /**
   * Returns the decision about a packet of this tuple now; undefined without a route. Counts
   * nothing.
   */
  explain(t: FiveTuple): Decision | undefined {
    return explainRoute(this.#state, t)
  }

  /** State that decides packets now; it changes with them. */
  get state(): RoutingState {
    return this.#state
  }

  /**
   * Returns the next hops of established flows under a route table, for their records. A lookup
   * counts and allocates nothing.
   */
  hopTable(fib: Fib): HopTable {
    const state: RoutingState = { ...this.#state, fib }
    const choice = new RouteChoice()
    return {
      portOf: ({ client, vip, clientPort, vipPort, protocol }) => {
        const port = selectRoute(state, client, vip, clientPort, vipPort, protocol, false, false, choice)
        return port <= EDGE_PORT ? NO_HOP : port
      },
      isNextHop: (vip, port) => fib.lookup(vip)?.route.nextHops.includes(port) ?? false,
    }
  }

  /**
   * Selects the port of a packet, up or down, or NO_ROUTE, and records the change of diverted flows
   * that it implies.
   */
  #decide(
    sourceAddress: number,
    destinationAddress: number,
    sourcePort: number,
    destinationPort: number,
    protocol: number,
    begins: boolean,
  ): number {
    const choice = this.#choice
    const port = selectRoute(
      this.#state,
      sourceAddress,
      destinationAddress,
      sourcePort,
      destinationPort,
      protocol,
      begins,
      true,
      choice,
    )
    if (choice.diversion !== Diversion.NONE)
      this.#diverted.record(choice.diversion, sourceAddress, destinationAddress, sourcePort, destinationPort, port)
    return port
  }

  /**
   * Returns the port of the ICMP packet at `b[o]`. An error belongs to the flow of the packet that
   * it quotes, in the other direction, so it goes to that flow's next hop (Linux:
   * `fib_multipath_hash_policy` 0). All other ICMP is spread by its addresses, and so is an error
   * that quotes too little to name a flow, or a packet that its destination has not sent.
   */
  #decideIcmp(b: Uint8Array, o: number): number {
    const destination = ipv4Destination(b, o)
    const quote = icmpQuoteOffset(b, o)
    if (quote < 0 || ipv4Source(b, quote) !== destination)
      return this.#decide(ipv4Source(b, o), destination, 0, 0, IpProtocol.ICMP, false)
    const ports = quote + ipv4HeaderLength(b, quote)
    return this.#decide(
      ipv4Destination(b, quote),
      destination,
      readU16(b, ports + 2),
      readU16(b, ports),
      ipv4Protocol(b, quote),
      false,
    )
  }

  #isUp(port: number): boolean {
    return port === EDGE_PORT || this.#ports[port]?.isUp === true
  }

  /**
   * Decides one packet. Returns its egress port, or NO_ROUTE if it is not forwarded; then it has
   * been counted and responded to.
   */
  #route(b: Uint8Array, o: number, length: number, now: number): number {
    const protocol = ipv4Protocol(b, o)
    const l4 = o + ipv4HeaderLength(b, o)
    if (hasPorts(protocol) && o + length < l4 + 4) {
      this.drops['malformed-ports']++
      return NO_ROUTE
    }
    const destination = ipv4Destination(b, o)
    if (destination === this.#options.address) {
      this.#router.receive(b, o, now)
      return NO_ROUTE
    }
    // A packet without ports may end here; the bytes read behind it are not used.
    const begins = protocol === IpProtocol.TCP && length >= l4 - o + TCP_HEADER_BYTES && isSyn(b[l4 + 13]!)
    const port =
      protocol === IpProtocol.ICMP
        ? this.#decideIcmp(b, o)
        : this.#decide(ipv4Source(b, o), destination, readU16(b, l4), readU16(b, l4 + 2), protocol, begins)
    if (port === EDGE_PORT) return port
    if (port === NO_ROUTE) {
      this.drops['no-route']++
      this.#router.reject(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.NET, now)
      return NO_ROUTE
    }
    if (!this.#isUp(port)) {
      this.drops['port-down']++
      this.#router.reject(b, o, IcmpType.DESTINATION_UNREACHABLE, UnreachableCode.HOST, now)
      return NO_ROUTE
    }
    // RFC 1812 §5.3.1: a packet whose TTL would become zero is not forwarded.
    if (ipv4Ttl(b, o) <= 1) {
      this.drops['ttl-exceeded']++
      this.#router.reject(b, o, IcmpType.TIME_EXCEEDED, 0, now)
      return NO_ROUTE
    }
    decrementTtl(b, o)
    this.#portCounters[port]!.packetsOut++
    return port
  }

  #toEdge(b: Uint8Array, o: number, length: number, now: number): void {
    const counters = this.#portCounters[EDGE_PORT]!
    counters.packetsOut++
    counters.bytesOut += length
    this.#options.edge(b, o, o + length, now)
  }

  #send(port: number, b: Uint8Array, start: number, end: number): void {
    this.#portCounters[port]!.bytesOut += end - start
    this.#ports[port]!.output.writeCopy(b, start, end)
  }

  /**
   * Sends an ICMP message of the router itself by the same route table. Without a route it is
   * dropped and not counted.
   */
  #originate(message: Uint8Array, now: number): void {
    const port = this.#decideIcmp(message, 0)
    if (port === EDGE_PORT) this.#toEdge(message, 0, message.length, now)
    else if (port !== NO_ROUTE && this.#isUp(port)) {
      const counters = this.#portCounters[port]!
      counters.packetsOut++
      counters.bytesOut += message.length
      this.#ports[port]!.output.writeOwned(message, 0, message.length)
    }
  }
}

/** Returns true if a segment with these flags opens a flow. */
function isSyn(flags: number): boolean {
  return (flags & (TcpFlag.SYN | TcpFlag.ACK)) === TcpFlag.SYN
}
