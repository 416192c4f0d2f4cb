import { type Fabric, type Flow, type FlowApplication, type FlowFailure, TcpEdge } from '@fivetuple/edge'
import {
  IpProtocol,
  ipv4Protocol,
  NO_ROUTE,
  type PacketOutput,
  parseIpv4,
  readIcmpError,
  tcpFlags,
} from '@fivetuple/packet'
import { type TcpOptions, tcpOptions } from '@fivetuple/tcp'
import { ManualClock, ManualTimer, PacketWire } from '@fivetuple/testkit'

export const CLIENT = parseIpv4('127.69.100.1')!
export const SERVER = parseIpv4('127.69.10.1')!
export const SERVER_PORT = 8080
/** The port of each edge that leads to the other one. */
export const PORT = 1
/** One way takes this long. */
export const ONE_WAY_MS = 1

/** An end of a flow that records what it is told and takes bytes as it is told to. */
export class Recorder implements FlowApplication {
  readonly #side: Side
  flow!: Flow
  readonly events: string[] = []
  readonly #received: Uint8Array[] = []
  /** Whether what arrives is taken at once; else it stays in the window until {@link take}. */
  takes = true
  untaken = 0

  constructor(side: Side) {
    this.#side = side
  }

  get received(): Buffer {
    return Buffer.concat(this.#received)
  }
  get text(): string {
    return this.received.toString('latin1')
  }

  send(bytes: Uint8Array | string): boolean {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    return this.#side.edge.send(this.flow, chunk, this.#side.now)
  }
  end(): void {
    this.#side.edge.shutdown(this.flow, this.#side.now)
  }
  abort(): void {
    this.#side.edge.abort(this.flow, this.#side.now)
  }
  take(): void {
    const bytes = this.untaken
    this.untaken = 0
    this.#side.edge.consumed(this.flow, bytes, this.#side.now)
  }

  onConnected(): void {
    this.events.push('connected')
  }
  onData(b: Uint8Array, start: number, end: number): void {
    this.#received.push(b.slice(start, end))
    this.untaken += end - start
    if (this.takes) this.take()
  }
  onEnd(): void {
    this.events.push('end')
  }
  onWritable(): void {
    this.events.push('writable')
  }
  onFailure(failure: FlowFailure): void {
    this.events.push(failure)
  }
  onClosed(): void {
    this.events.push('closed')
  }
}

/** A full queue in front of a wire. */
class BlockedOutput implements PacketOutput {
  readonly #wire: PacketWire
  readonly blocked = true

  constructor(wire: PacketWire) {
    this.#wire = wire
  }

  get buffer(): Uint8Array {
    return this.#wire.buffer
  }
  reserve(length: number): number {
    return this.#wire.reserve(length)
  }
  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.#wire.writeCopy(b, start, end)
  }
  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.#wire.writeOwned(b, start, end)
  }
}

/** An edge with its one port and its timer. */
export class Side {
  readonly #clock: ManualClock
  readonly edge: TcpEdge
  /** What leaves by its port. */
  readonly wire: PacketWire
  hasRoute = true
  /** What its fabric has counted as sent. */
  readonly counted = { packets: 0, bytes: 0 }
  /** Packets that its fabric was told are keep-alive, probes and responses. */
  keepAlives = 0
  /** The one that its route leads to now: the same wire, but another queue. */
  port = PORT
  /** Ports whose queues are full; the wire itself may be, too. */
  readonly blockedPorts = new Set<number>()

  constructor(
    clock: ManualClock,
    wire: PacketWire,
    options: { readonly tcp: TcpOptions; readonly maxFlows: number; readonly iss: number },
    onIncoming?: (flow: Flow, b: Uint8Array, tcp: number, end: number) => FlowApplication | undefined,
  ) {
    this.#clock = clock
    this.wire = wire
    const fabric: Fabric = {
      routeAndCount: (_source, _destination, _sourcePort, _destinationPort, _protocol, bytes, _begins, isKeepAlive) => {
        if (!this.hasRoute) return NO_ROUTE
        if (isKeepAlive) this.keepAlives++
        this.#count(1, bytes)
        return this.port
      },
      uncount: (_port, bytes) => this.#count(-1, -bytes),
      outputOf: (port) => (this.blockedPorts.has(port) ? new BlockedOutput(wire) : wire),
    }
    const timer = new ManualTimer(clock, () => {
      this.edge.onTimeout(clock.now)
      return this.edge.deadline()
    })
    this.edge = new TcpEdge(
      {
        fabric,
        tcp: options.tcp,
        maxFlows: options.maxFlows,
        nextIss: () => options.iss,
        onEarlierDeadline: (deadline) => timer.arm(deadline),
        ...(onIncoming === undefined ? {} : { onIncoming }),
      },
      clock.now,
    )
  }

  get now(): number {
    return this.#clock.now
  }

  /** Flags of the TCP packets that it has sent, one after the other. */
  get sentFlags(): number[] {
    return this.wire.log.map((packet) => tcpFlags(packet, 20))
  }

  #count(packets: number, bytes: number): void {
    this.counted.packets += packets
    this.counted.bytes += bytes
  }

  receive(b: Uint8Array, start: number, end: number): void {
    if (ipv4Protocol(b, start) === IpProtocol.TCP) this.edge.receive(b, start, end, this.now)
    else {
      const error = readIcmpError(b, start)
      if (error !== undefined) this.edge.receiveIcmpError(error, this.now)
    }
  }
}

export interface EdgePairOptions {
  readonly tcp?: Partial<TcpOptions>
  readonly maxFlows?: number
}

/** Two TCP edges, joined by a wire in each direction, on one virtual clock. */
export class EdgePair {
  readonly clock = new ManualClock(1_000)
  readonly client: Side
  readonly server: Side
  /** Server ends in the order of their SYNs. */
  readonly accepted: Recorder[] = []
  /** What becomes of a SYN: answered at once, refused at once, or left to the test. */
  onSyn: 'establish' | 'refuse' | 'wait' = 'establish'
  #nextPort = 40_000

  constructor({ tcp = {}, maxFlows = 100 }: EdgePairOptions = {}) {
    const { clock } = this
    const defer = (run: () => void) => void clock.schedule(clock.now + ONE_WAY_MS, run)
    const options = { tcp: tcpOptions(tcp), maxFlows }
    const toServer = new PacketWire(defer, (b, start, end) => this.server.receive(b, start, end))
    const toClient = new PacketWire(defer, (b, start, end) => this.client.receive(b, start, end))
    this.client = new Side(clock, toServer, { ...options, iss: 0x0102_0304 })
    this.server = new Side(clock, toClient, { ...options, iss: 0xffff_fff0 }, (flow) => {
      if (this.onSyn === 'refuse') return undefined
      const recorder = new Recorder(this.server)
      recorder.flow = flow
      this.accepted.push(recorder)
      if (this.onSyn === 'establish') clock.schedule(clock.now, () => this.server.edge.establish(flow, clock.now))
      return recorder
    })
  }

  /** Sends a SYN from a port of its own, or from `port`; undefined when the edge takes no more flows. */
  dial(port = this.#nextPort++): Recorder | undefined {
    const recorder = new Recorder(this.client)
    const flow = this.client.edge.connect(CLIENT, SERVER, port, SERVER_PORT, recorder, this.clock.now)
    if (flow === undefined) return undefined
    recorder.flow = flow
    return recorder
  }

  /** A flow that is established on both sides. */
  open(): [client: Recorder, server: Recorder] {
    const client = this.dial()!
    this.run(4 * ONE_WAY_MS)
    return [client, this.accepted.at(-1)!]
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    this.clock.advance(ms)
  }

  /** What is left when all is over: both must be nothing. Time passes until no timer runs, an hour at most. */
  leftovers(): { flows: number; timers: number } {
    const until = this.clock.now + 3_600_000
    while (this.clock.nextAt <= until) this.clock.step()
    const timers = [this.client, this.server].filter(({ edge }) => edge.deadline() !== Number.POSITIVE_INFINITY)
    return { flows: this.client.edge.flowCount + this.server.edge.flowCount, timers: timers.length }
  }
}
