import {
  type FabricConnection,
  FabricHost,
  type FabricHostOptions,
  type Flow,
  type FlowApplication,
  TcpEdge,
} from '@fivetuple/edge'
import { IpProtocol, ipv4Protocol, type PacketOutput, parseIpv4 } from '@fivetuple/packet'
import { type TcpOptions, tcpOptions } from '@fivetuple/tcp'
import { ManualClock, ManualTimer, PacketWire } from '@fivetuple/testkit'

export const BIP = parseIpv4('127.20.2.3')!
export const BACKEND = parseIpv4('127.20.3.1')!
export const FIRST_PORT = 15_000
export const LAST_PORT = 15_007

/** The far end of a connection, to be told by a test what to do. */
export class Peer implements FlowApplication {
  readonly #rig: Rig
  readonly flow: Flow
  readonly received: number[] = []
  readonly events: string[] = []
  /** Whether what arrives is taken at once; else it stays in the window. */
  takes = true

  constructor(rig: Rig, flow: Flow) {
    this.#rig = rig
    this.flow = flow
  }

  send(bytes: Uint8Array): void {
    this.#rig.edge.send(this.flow, bytes, this.#rig.clock.now)
  }

  end(): void {
    this.#rig.edge.shutdown(this.flow, this.#rig.clock.now)
  }

  reset(): void {
    this.#rig.edge.abort(this.flow, this.#rig.clock.now)
  }

  /** Takes `bytes` of what stayed in the window. */
  take(bytes: number): void {
    this.#rig.edge.consumed(this.flow, bytes, this.#rig.clock.now)
  }

  get text(): string {
    return Buffer.from(this.received).toString()
  }

  onConnected(): void {
    this.events.push('connected')
  }
  onData(b: Uint8Array, start: number, end: number): void {
    this.received.push(...b.subarray(start, end))
    if (this.takes) this.take(end - start)
  }
  onEnd(): void {
    this.events.push('end')
  }
  onWritable(): void {}
  onFailure(failure: string): void {
    this.events.push(failure)
  }
  onClosed(): void {
    this.events.push('closed')
  }
}

/** A member link that counts its packets and lets them out by another output. */
export class CountedOutput implements PacketOutput {
  readonly #output: () => PacketOutput
  packets = 0

  constructor(output: () => PacketOutput) {
    this.#output = output
  }

  get blocked(): boolean {
    return this.#output().blocked
  }

  get buffer(): Uint8Array {
    return this.#output().buffer
  }

  reserve(length: number): number {
    this.packets++
    return this.#output().reserve(length)
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.packets++
    this.#output().writeCopy(b, start, end)
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.packets++
    this.#output().writeOwned(b, start, end)
  }
}

/** A host and an edge that takes its connections, joined by a wire on virtual time. */
export class Rig {
  readonly clock = new ManualClock(1_000)
  readonly host: FabricHost
  readonly edge: TcpEdge
  readonly toPeer: PacketWire
  readonly toHost: PacketWire
  /** Connections that have come in, the latest last. */
  readonly peers: Peer[] = []
  /** What becomes of a SYN. */
  onSyn: 'accept' | 'refuse' | 'ignore' = 'accept'
  /** UDP packets for the peer. */
  onDatagram: (b: Uint8Array) => void = () => {}

  constructor(tcp: Partial<TcpOptions> = {}, hostOptions: Partial<FabricHostOptions> = {}) {
    const { clock } = this
    const defer = (run: () => void) => void clock.schedule(clock.now + 1, run)
    this.toPeer = new PacketWire(defer, (b, start, end) => {
      if (ipv4Protocol(b, start) === IpProtocol.TCP) this.edge.receive(b, start, end, clock.now)
      else this.onDatagram(b.slice(start, end))
    })
    this.toHost = new PacketWire(defer, (b, start, end) => this.host.receive(b, start, end, clock.now))
    this.host = new FabricHost({
      output: this.toPeer,
      address: BIP,
      ports: [FIRST_PORT, LAST_PORT],
      tcp: tcpOptions(tcp),
      clock: { now: () => clock.now },
      nextIss: () => 1,
      createTimer: (onDue) => new ManualTimer(clock, onDue),
      ...hostOptions,
    })
    const timer = new ManualTimer(clock, () => {
      this.edge.onTimeout(clock.now)
      return this.edge.deadline()
    })
    this.edge = new TcpEdge(
      {
        fabric: { routeAndCount: () => 0, outputOf: () => this.toHost },
        tcp: tcpOptions(tcp),
        maxFlows: 100,
        nextIss: () => 7,
        onEarlierDeadline: (deadline) => timer.arm(deadline),
        onIncoming: (flow) => {
          if (this.onSyn === 'refuse') return undefined
          const peer = new Peer(this, flow)
          this.peers.push(peer)
          if (this.onSyn === 'accept') queueMicrotask(() => this.edge.establish(flow, clock.now))
          return peer
        },
      },
      clock.now,
    )
  }

  /** Lets `ms` pass, and promises have their turns in between. */
  async pass(ms: number): Promise<void> {
    const until = this.clock.now + ms
    await turn()
    while (this.clock.nextAt <= until) {
      this.clock.step()
      await turn()
    }
    this.clock.runUntil(until)
  }

  /** Opens a connection and tells what becomes of it. */
  connect(): Recorded {
    const log: string[] = []
    const received: number[] = []
    const connection = this.host.connect(
      { address: BACKEND, port: 8080 },
      {
        onConnected: () => log.push('connected'),
        onData: (b, start, end) => received.push(...b.subarray(start, end)),
        onEnd: () => log.push('end'),
        onFailure: (code) => log.push(code),
      },
    )
    return { connection, log, received }
  }

  /** The same, and waits for it. */
  async open() {
    const recorded = this.connect()
    await this.pass(10)
    return { ...recorded, peer: this.peers.at(-1)! }
  }
}

/** A connection, and what its handlers have heard. */
export interface Recorded {
  readonly connection: FabricConnection
  readonly log: string[]
  readonly received: number[]
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
