import { strict as assert } from 'node:assert'
import { type Flow, type FlowApplication, TcpEdge } from '@fivetuple/edge'
import { type Fault, type Random, seededRandom } from '@fivetuple/faults'
import { EdgeRecorder, FlowStore } from '@fivetuple/flow-records'
import { LbForwarder, roundRobin } from '@fivetuple/lb-node'
import {
  type FiveTuple,
  FLOW_HASHES,
  formatTuple,
  hostPrefix,
  IpProtocol,
  ipv4Destination,
  ipv4HeaderLength,
  ipv4Protocol,
  ipv4Source,
  parseIpv4,
  parsePrefix,
  readIcmpError,
  readU16,
} from '@fivetuple/packet'
import { EDGE_PORT, Fib, Forwarder, modulo } from '@fivetuple/switch'
import { tcpOptions } from '@fivetuple/tcp'
import { ManualClock, type Scheduled } from '@fivetuple/testkit'
import { PacketWire } from './packet-wire.js'

const VIP = parseIpv4('127.20.10.1')!
const SERVICE_PORT = 8080
const ANYWHERE = parsePrefix('0.0.0.0/0')!
const BACKENDS = parsePrefix('127.20.3.0/24')!
/** Short timeouts, so that a simulation ends when its traffic does. */
const TIMEOUTS = { synMs: 5_000, establishedMs: 60_000, closingMs: 10_000, closedMs: 2_000, udpMs: 10_000 }
const TCP = tcpOptions({ windowBytes: 16_384, sendBufferBytes: 16_384, mss: 1_400 })

export interface SimulationOptions {
  readonly seed: number
  readonly lbs: number
  readonly backends: number
  /** Of each direction of each cable. */
  readonly faults: readonly Fault[]
}

interface SimulatedLb {
  readonly forwarder: LbForwarder
  readonly bip: number
  alive: boolean
  /** Packets that wait while the LB is paused, in order; undefined: it runs. */
  backlog: { readonly from: 'fromUplink' | 'fromDownlink'; readonly packet: Uint8Array }[] | undefined
}

/** Wires of one LB, by link and direction. */
interface LbWires {
  readonly uplink: { readonly in: PacketWire; readonly out: PacketWire }
  readonly downlink: { readonly in: PacketWire; readonly out: PacketWire }
}

export type LinkName = keyof LbWires
export type LinkDirection = keyof LbWires['uplink']

/**
 * The data path of a whole cluster in one process on a virtual clock: the very forwarders, NAT tables and TCP edges that
 * the processes run, with wires in place of cables. What has no socket is the same code; what has one is not in here.
 */
export class SimulatedCluster {
  readonly clock = new ManualClock()
  readonly random: Random
  readonly lbs: SimulatedLb[] = []
  /** Records of the flows that clients open, as {@link collect} has taken them. */
  readonly flows = new FlowStore({ kept: 100_000 })
  readonly recorder: EdgeRecorder
  clients: TcpEdge
  servers: TcpEdge
  /** Packets that the uplink switch sent to an LB, by LB. */
  readonly packetsTo: number[] = []
  readonly #options: SimulationOptions
  readonly #onServerFlow: (flow: Flow, edge: TcpEdge) => FlowApplication
  readonly #uplink: Forwarder
  readonly #downlink: Forwarder
  readonly #wires: PacketWire[] = []
  readonly #lbWires: LbWires[]
  /** LBs that the route of the VIP has, by id. */
  #announced: readonly number[] = []
  readonly #timers = new Map<object, Scheduled>()

  /** @param onServerFlow makes the application of each flow that reaches a backend */
  constructor(options: SimulationOptions, onServerFlow: (flow: Flow, edge: TcpEdge) => FlowApplication) {
    this.random = seededRandom(options.seed)
    this.#options = options
    const { lbs } = options
    const ids = Array.from({ length: lbs }, (_, i) => i + 1)
    this.#lbWires = ids.map((id) => this.#createWires(id, options.faults))
    const ports = (link: LinkName) => ids.map((id, i) => ({ id, isUp: true, output: this.#lbWires[i]![link].in }))
    const forwarder = (address: string, side: LinkName, edge: (p: Uint8Array) => void) =>
      new Forwarder(
        {
          address: parseIpv4(address)!,
          hash: FLOW_HASHES.murmur3,
          seed: 7,
          fib: Fib.empty(modulo),
          edge: (b, start, end) => edge(b.slice(start, end)),
        },
        ports(side),
      )
    this.#uplink = forwarder('127.20.0.1', 'uplink', (p) => this.#atEdge(this.clients, p))
    this.#downlink = forwarder('127.20.0.2', 'downlink', (p) => this.#atEdge(this.servers, p))
    this.recorder = new EdgeRecorder(this.#uplink.hopTable(this.#uplink.fib))
    for (const id of ids) this.lbs.push(this.#createLb(id))
    this.#downlink.setFib(
      this.#downlink.fib.with([
        { prefix: BACKENDS, nextHops: [EDGE_PORT], cost: 0 },
        ...this.lbs.map(({ bip }, i) => ({ prefix: hostPrefix(bip), nextHops: [i + 1], cost: 0 })),
      ]),
    )
    this.#onServerFlow = (flow, edge) => {
      const application = onServerFlow(flow, edge)
      // The backend accepts a little later, as a real one does.
      this.clock.schedule(this.clock.now + this.random.int(5), () =>
        this.act(() => edge.establish(flow, this.clock.now)),
      )
      return application
    }
    this.clients = this.#createEdge(this.#uplink)
    this.servers = this.#createEdge(this.#downlink, this.#onServerFlow)
    this.announce(ids)
  }

  /** The route of the VIP over these LBs, by id. */
  announce(lbs: readonly number[]): void {
    this.#announced = lbs
    const route = { prefix: hostPrefix(VIP), nextHops: lbs, cost: 0 }
    this.#uplink.setFib(
      this.#uplink.fib.with(
        lbs.length === 0
          ? [{ prefix: ANYWHERE, nextHops: [EDGE_PORT], cost: 0 }]
          : [{ prefix: ANYWHERE, nextHops: [EDGE_PORT], cost: 0 }, route],
        lbs.length === 0 ? [hostPrefix(VIP)] : [],
      ),
    )
    this.recorder.changeRoutes(this.#uplink.hopTable(this.#uplink.fib), 0, this.clock.now)
    while (this.recorder.work(7));
  }

  /** Takes an LB away as a crash does: its sessions are gone, its cables are dead, its routes are withdrawn. */
  crash(id: number): void {
    this.lbs[id - 1]!.alive = false
    this.announce(this.#announced.filter((announced) => announced !== id))
  }

  /** Pauses an LB, as SIGSTOP does: its packets wait. */
  pause(id: number): void {
    this.lbs[id - 1]!.backlog ??= []
  }

  /** Ends a pause: what has waited is processed in order. */
  resume(id: number): void {
    const lb = this.lbs[id - 1]!
    const waiting = lb.backlog ?? []
    lb.backlog = undefined
    for (const { from, packet } of waiting) this.#atLb(id, from, packet)
    this.#armLb(lb)
  }

  /** Sets the faults of one direction of one link of an LB, all started now. */
  impair(id: number, link: LinkName, direction: LinkDirection, faults: readonly Fault[]): void {
    this.#lbWires[id - 1]![link][direction].link.faults = faults
  }

  /** Packets that were dropped by faults. */
  get dropped(): number {
    return this.#wires.reduce((sum, { link }) => sum + link.dropped, 0)
  }

  /** Starts an LB that has crashed again: it has no session, and its route is back. */
  restart(id: number): void {
    this.lbs[id - 1] = this.#createLb(id)
    this.announce(this.lbs.flatMap(({ alive }, i) => (alive ? [i + 1] : [])))
  }

  /** Port to which a client's packets go now; undefined: there is no route. */
  portOf(clientAddress: number, clientPort: number): number | undefined {
    const ends = { sourceAddress: clientAddress, sourcePort: clientPort, destinationAddress: VIP }
    return this.#uplink.explain({ ...ends, destinationPort: SERVICE_PORT, protocol: IpProtocol.TCP })?.port
  }

  /** Takes the records of the edge and of all LBs that live: what a crashed one still has is lost. */
  collect(): void {
    for (const row of this.recorder.takeRows(100_000)) this.flows.takeEdgeRow('clients', 0, row)
    this.lbs.forEach(({ forwarder, alive }, i) => {
      if (alive) for (const row of forwarder.recorder!.takeRows(100_000)) this.flows.takeSessionRow(i + 1, 0, row)
    })
  }

  /** All flows of one edge are lost without a packet, as in a crash. */
  forget(side: 'clients' | 'servers'): void {
    this.#arm(this[side], Number.POSITIVE_INFINITY, () => {})
    this[side] =
      side === 'clients' ? this.#createEdge(this.#uplink) : this.#createEdge(this.#downlink, this.#onServerFlow)
  }

  /** Drains a backend at all LBs. */
  drainBackend(address: number): void {
    const key = { address: VIP, port: SERVICE_PORT, protocol: IpProtocol.TCP }
    for (const { forwarder } of this.lbs) assert(forwarder.setBackend(key, address, 8080, { isDrained: true }))
  }

  /** Opens a flow from a client. */
  connect(address: number, port: number, application: FlowApplication): Flow {
    const flow = this.clients.connect(address, VIP, port, SERVICE_PORT, application, this.clock.now)
    assert(flow, 'the client edge took the flow')
    this.#settleWires()
    return flow
  }

  /** Runs something that may send packets. */
  act(what: () => void): void {
    what()
    this.#settleWires()
  }

  /** Runs until nothing is left to happen or the time is up; returns whether everything came to rest. */
  run(untilMs: number): boolean {
    while (this.clock.nextAt <= untilMs) {
      this.clock.step()
      this.#settleWires()
    }
    return this.clock.nextAt === Number.POSITIVE_INFINITY
  }

  /** Invariant 3: forward and reverse entries are inverse, and no two live sessions share BIP:port and backend. */
  checkSessions(): void {
    const used = new Set<string>()
    this.lbs.forEach(({ forwarder }, i) => {
      for (const s of forwarder.sessions(this.clock.now)) {
        const outside = `${i} ${s.natPort} ${s.backendAddress}:${s.backendPort} ${s.protocol}`
        assert(!used.has(outside), `two sessions share ${outside}`)
        used.add(outside)
        const found = forwarder.session(
          {
            sourceAddress: s.clientAddress,
            sourcePort: s.clientPort,
            destinationAddress: s.vipAddress,
            destinationPort: s.vipPort,
            protocol: s.protocol,
          },
          this.clock.now,
        )
        assert.equal(found?.natPort, s.natPort, 'the forward lookup finds the session that holds the port')
      }
    })
  }

  /** Invariant 5: what is left when traffic has stopped. */
  leftovers(): { flows: number; sessions: number } {
    return {
      flows: this.clients.flowCount + this.servers.flowCount,
      sessions: this.lbs.reduce((sum, { forwarder, alive }) => sum + (alive ? forwarder.sessionCount : 0), 0),
    }
  }

  #createWires(id: number, faults: readonly Fault[]): LbWires {
    const nothing = (): void => {}
    const bip = bipOf(id)
    return {
      uplink: {
        in: this.#wire(faults, this.#checkDecision(id), (p) => this.#atLb(id, 'fromUplink', p)),
        out: this.#wire(faults, nothing, (p) => this.#uplink.receive(p, 0, p.length, id, this.clock.now)),
      },
      downlink: {
        in: this.#wire(faults, nothing, (p) => this.#atLb(id, 'fromDownlink', p)),
        out: this.#wire(
          faults,
          (p) => assert.equal(ipv4Source(p, 0), bip, 'what an LB sends to backends comes from its BIP'),
          (p) => this.#downlink.receive(p, 0, p.length, id, this.clock.now),
        ),
      },
    }
  }

  #createLb(id: number): SimulatedLb {
    const bip = bipOf(id)
    const { uplink, downlink } = this.#lbWires[id - 1]!
    const forwarder = new LbForwarder(
      {
        address: parseIpv4(`127.20.1.${id}`)!,
        bip,
        nat: { portRange: [4_096, 32_767], maxSessions: 100_000, timeouts: TIMEOUTS, unknownFlow: 'reset' },
        hasAddress: (address) => address === VIP,
        onRecords: () => {},
      },
      uplink.out,
      downlink.out,
      this.clock.now,
    )
    forwarder.setService({
      name: 'web',
      address: VIP,
      port: SERVICE_PORT,
      protocol: IpProtocol.TCP,
      policy: roundRobin,
      backends: Array.from({ length: this.#options.backends }, (_, i) => ({
        name: `backend-${i + 1}`,
        address: parseIpv4(`127.20.3.${i + 1}`)!,
        port: 8080,
        weight: 1,
      })),
    })
    return { forwarder, bip, alive: true, backlog: undefined }
  }

  #createEdge(fabric: Forwarder, onIncoming?: (flow: Flow, edge: TcpEdge) => FlowApplication): TcpEdge {
    const arm = (deadline: number): void =>
      this.#arm(edge, deadline, () => {
        edge.onTimeout(this.clock.now)
        arm(edge.deadline())
      })
    const edge: TcpEdge = new TcpEdge(
      {
        fabric,
        tcp: TCP,
        maxFlows: 100_000,
        nextIss: () => this.random.int(2 ** 32),
        onEarlierDeadline: arm,
        ...(onIncoming === undefined ? { recorder: this.recorder } : {}),
        ...(onIncoming === undefined ? {} : { onIncoming: (flow: Flow) => onIncoming(flow, edge) }),
      },
      this.clock.now,
    )
    return edge
  }

  /** One timer per owner, as the processes have. */
  #arm(owner: object, deadline: number, onDue: () => void): void {
    const before = this.#timers.get(owner)
    if (before?.run !== undefined && before.at <= deadline) return
    if (before !== undefined) this.clock.cancel(before)
    if (deadline === Number.POSITIVE_INFINITY) this.#timers.delete(owner)
    else this.#timers.set(owner, this.clock.schedule(deadline, onDue))
  }

  #wire(
    faults: readonly Fault[],
    tap: (packet: Uint8Array) => void,
    deliver: (packet: Uint8Array) => void,
  ): PacketWire {
    const wire = new PacketWire(this.clock, this.random, faults, tap, deliver)
    this.#wires.push(wire)
    return wire
  }

  #settleWires(): void {
    for (const wire of this.#wires) wire.settle()
  }

  /** Invariant 2: each packet takes the next hop that `explain` names for the route table of this moment. */
  #checkDecision(id: number): (packet: Uint8Array) => void {
    return (packet) => {
      this.packetsTo[id] = (this.packetsTo[id] ?? 0) + 1
      const tuple = tupleOf(packet)
      if (tuple === undefined) return
      assert.equal(this.#uplink.explain(tuple)?.port, id, `${formatTuple(tuple)} went to port ${id}`)
    }
  }

  #atLb(id: number, from: 'fromUplink' | 'fromDownlink', packet: Uint8Array): void {
    const lb = this.lbs[id - 1]!
    if (!lb.alive) return
    if (lb.backlog !== undefined) {
      lb.backlog.push({ from, packet })
      return
    }
    const now = this.clock.now
    if (from === 'fromUplink') lb.forwarder.receiveFromUplink(packet, 0, packet.length, now)
    else lb.forwarder.receiveFromDownlink(packet, 0, packet.length, now)
    this.#armLb(lb)
  }

  #armLb(lb: SimulatedLb): void {
    this.#arm(lb, lb.forwarder.deadline(this.clock.now), () => {
      if (lb.backlog !== undefined) return // the end of the pause arms it again
      lb.forwarder.onTimeout(this.clock.now)
      this.#armLb(lb)
    })
  }

  #atEdge(edge: TcpEdge, packet: Uint8Array): void {
    if (ipv4Protocol(packet, 0) === IpProtocol.TCP) edge.receive(packet, 0, packet.length, this.clock.now)
    else {
      const error = readIcmpError(packet, 0)
      if (error !== undefined) edge.receiveIcmpError(error, this.clock.now)
    }
  }
}

function bipOf(id: number): number {
  return parseIpv4(`127.20.2.${id}`)!
}

function tupleOf(packet: Uint8Array): FiveTuple | undefined {
  const protocol = ipv4Protocol(packet, 0)
  if (protocol !== IpProtocol.TCP) return undefined
  const l4 = ipv4HeaderLength(packet, 0)
  return {
    sourceAddress: ipv4Source(packet, 0),
    destinationAddress: ipv4Destination(packet, 0),
    sourcePort: readU16(packet, l4),
    destinationPort: readU16(packet, l4 + 2),
    protocol,
  }
}
