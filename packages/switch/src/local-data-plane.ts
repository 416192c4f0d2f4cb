import { FLOW_HASHES, formatPrefix, hostPrefix, IpProtocol, NO_ROUTE, parseIpv4, parsePrefix } from '@fivetuple/packet'
import {
  type Cable,
  type CableHandlers,
  type CableListener,
  type Clock,
  descriptorLimit,
  type Logger,
  listenCables,
  machineTimeUs,
  type RecordSink,
  RecordStream,
} from '@fivetuple/runtime'
import { betweenPackets } from './between-packets.js'
import type { SwitchConfig } from './config.js'
import type {
  FlowKey,
  FlowShift,
  FlowsKept,
  NewFlowLbs,
  NewFlows,
  PredictRequest,
  RouteExplanation,
} from './contract.js'
import type { FibChange } from './control-plane/route-table.js'
import type { DataPlane, DataPlaneEvents } from './data-plane/data-plane.js'
import { edgeDrops } from './data-plane/drop-causes.js'
import { ECMP_SELECTIONS } from './data-plane/ecmp/registry.js'
import { Fib } from './data-plane/fib/fib.js'
import { EDGE_PORT } from './data-plane/fib/route.js'
import { type FlowBudgets, flowBudgets } from './data-plane/flow-budgets.js'
import { Forwarder } from './data-plane/forwarder.js'
import { newFlowPorts } from './data-plane/new-flow-ports.js'
import { Oracle } from './data-plane/oracle/oracle.js'
import { createEdge } from './edges/create-edge.js'
import { type EdgeShare, SOLE_EDGE, type SwitchEdge } from './edges/switch-edge.js'
import { FlowRecording } from './flow-recording.js'
import { PortTable, type SwitchPort } from './ports/port-table.js'
import type { DataPlaneStatus } from './status.js'

/** Interval at which idle diverted flows are deleted, ms. */
const EXPIRY_STEP_MS = 1_000

/** Prefixes that the edge stands for. */
export function connectedPrefixes({ edge, bgp }: SwitchConfig) {
  return (edge.kind === 'server' ? edge.prefixes : bgp.announce).map((text) => parsePrefix(text)!)
}

/**
 * The data plane of one process. Cables and edge receive (ports/, edges/), the {@link Forwarder}
 * allocates and sends. A switch has one of these, or one on each of its line cards.
 */
export class LocalDataPlane implements DataPlane {
  readonly #config: SwitchConfig
  readonly #share: EdgeShare
  readonly #events: DataPlaneEvents
  readonly #log: Logger
  readonly #clock: Clock
  readonly #ports: PortTable
  readonly #forwarder: Forwarder
  readonly #edge: SwitchEdge
  readonly #budgets: FlowBudgets
  readonly #oracle: Oracle
  readonly #recording: FlowRecording | undefined
  #listener: CableListener | undefined
  #expiry: NodeJS.Timeout | undefined

  /** @param openSink opens the sink of flow records. Default: the stream to the launcher */
  constructor(
    config: SwitchConfig,
    events: DataPlaneEvents,
    log: Logger,
    clock: Clock,
    share: EdgeShare = SOLE_EDGE,
    openSink: (onDrain: () => void) => RecordSink | undefined = RecordStream.open,
  ) {
    this.#config = config
    this.#share = share
    this.#events = events
    this.#log = log
    this.#clock = clock
    this.#ports = new PortTable(config.ports)
    this.#forwarder = new Forwarder(
      {
        address: parseIpv4(config.address)!,
        hash: FLOW_HASHES[config.ecmp.hash],
        seed: config.ecmp.seed,
        fib: Fib.empty(ECMP_SELECTIONS[config.ecmp.selection](config.ecmp)),
        edge: (b, start, end, now) => this.#edge.receive(b, start, end, now),
      },
      this.#ports.ports.map(({ id, port }) => ({
        id,
        output: port,
        get isUp() {
          return port.isUp
        },
      })),
      clock.now(),
    )
    this.#oracle = new Oracle(
      config.ecmp,
      this.#forwarder.state,
      config.ports.map(({ id }) => id),
    )
    this.#budgets = flowBudgets(config, descriptorLimit(), share.cards)
    log.info({ ...this.#budgets }, 'flows that the edge takes at most')
    const { onListenFailures, onHappened } = events
    this.#recording =
      config.edge.kind === 'client' && (config.edge.records ?? null) !== null
        ? new FlowRecording({
            table: this.#forwarder.hopTable(this.#forwarder.fib),
            clock,
            openSink,
            part: share.cards === 1 ? 0 : share.card + 1,
            onHappened,
            lbOf: (port) => this.#ports.get(port)?.peer ?? '',
          })
        : undefined
    const place = {
      budgets: this.#budgets,
      share,
      serverPrefixes: connectedPrefixes(config),
      recorder: this.#recording?.recorder,
      onListenFailures,
    }
    this.#edge = createEdge(config.edge, place, this.#forwarder, clock, log)
  }

  async start(fib: Fib): Promise<void> {
    const { address, cablePort, clusterKey, name } = this.#config
    this.setFib(fib)
    this.#expiry = setInterval(() => this.#forwarder.expire(this.#clock.now()), EXPIRY_STEP_MS)
    this.#listener = await listenCables({
      address,
      port: cablePort + this.#share.card,
      key: Buffer.from(clusterKey, 'hex'),
      name,
      admit: (peer) => this.#ports.refusal(peer),
      handlers: () => this.#cableHandlers(),
      onRefused: (remote, reason) => this.#log.info({ remote, reason }, 'cable refused'),
    })
  }

  setRoutes({ fib, cause = 0 }: Pick<FibChange, 'fib' | 'cause'>): Promise<void> {
    this.setFib(fib, cause)
    return this.listen()
  }

  /** Decides the next packet by this table. @param cause local id of the event that changed it */
  setFib(fib: Fib, cause = 0): void {
    this.#forwarder.setFib(fib)
    this.#recording?.changeRoutes(this.#forwarder.hopTable(fib), cause)
    this.#edge.tcp.routesChanged(this.#clock.now())
  }

  /** Listens for the VIPs that the table has routes for, and for no others. */
  listen(): Promise<void> {
    return this.#edge.update((vip) => this.#hasRoute(vip))
  }

  /** Returns true while a port has carrier here. */
  isUp(id: number): boolean {
    return this.#ports.get(id)?.port.isUp ?? false
  }

  async setPort(id: number, adminDown: boolean): Promise<{ up: boolean }> {
    const { port, peer } = this.#ports.setAdminDown(id, adminDown)
    this.#log.info({ port: id, peer }, adminDown ? 'port is administratively down' : 'port is administratively up')
    return { up: port.isUp }
  }

  async explain({ client, vip, protocol }: FlowKey): Promise<RouteExplanation | null> {
    const decision = this.#forwarder.explain({
      sourceAddress: client.address,
      destinationAddress: vip.address,
      sourcePort: client.port,
      destinationPort: vip.port,
      protocol: protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP,
    })
    if (decision === undefined || decision.port === EDGE_PORT) return null
    const { hash, selection, seed } = this.#config.ecmp
    const { prefix, cost, m, index, reason, port, drain } = decision
    const lbOf = (id: number): string => this.#ports.get(id)?.peer ?? ''
    return {
      prefix: formatPrefix(prefix),
      cost,
      hash: { name: hash, seed, value: decision.hash },
      selection,
      m,
      index,
      reason,
      port,
      lb: lbOf(port),
      ...(drain && {
        drain: {
          newFlowsTo: lbOf(drain.newFlowsTo),
          divertedTo: drain.divertedTo === undefined ? null : lbOf(drain.divertedTo),
        },
      }),
    }
  }

  async lbsOfNewFlows(flows: NewFlows): Promise<NewFlowLbs> {
    const { ports, chosen } = newFlowPorts(this.#forwarder.state, flows)
    return { lbs: ports.map((id) => this.#ports.get(id)?.peer ?? ''), chosen }
  }

  predict(request: PredictRequest): Promise<readonly (readonly FlowShift[])[]> {
    return betweenPackets(this.#oracle.predict(request, this.#edge.tcp.flows()))
  }

  async keepFlows(id: number): Promise<FlowsKept> {
    return { flows: this.#oracle.keep(id, this.#edge.tcp.flows()), at: machineTimeUs() / 1_000 }
  }

  measureFlows(id: number): Promise<readonly FlowShift[] | null> {
    return betweenPackets(this.#oracle.measure(id))
  }

  async status(): Promise<DataPlaneStatus> {
    await this.#edge.countKernelDrops()
    const { diverted, drops, counters } = this.#forwarder
    const edge = this.#edge.counters()
    return {
      ports: this.#ports.ports.map(({ id, peer, port, isAdminDown }) => ({
        id,
        peer,
        up: port.isUp,
        isAdminDown,
        ...counters.get(id)!,
      })),
      flows: this.#edge.flowCount,
      budgets: this.#budgets,
      edge,
      diverted: { flows: diverted.size, total: diverted.total, overLimit: diverted.overLimit },
      drops: { ...drops, ...edgeDrops(edge) },
      listening: this.#edge.listening(),
      listenFailures: this.#edge.listenFailures(),
      cards: [],
    }
  }

  async flushRecords(number: number): Promise<void> {
    await this.#recording?.flush(number)
  }

  async closeEdge(): Promise<void> {
    clearInterval(this.#expiry)
    await this.#edge.close()
    this.#recording?.close()
  }

  async close(): Promise<void> {
    await this.#listener?.close()
  }

  #hasRoute(vip: number): boolean {
    const nextHops = this.#forwarder.fib.get(hostPrefix(vip))?.nextHops
    return nextHops?.some((port) => port !== EDGE_PORT && port !== NO_ROUTE) ?? false
  }

  #cableHandlers(): CableHandlers {
    let port: SwitchPort | undefined
    return {
      onUp: (cable: Cable) => {
        port = this.#ports.plug(cable)
        if (port === undefined) return
        this.#log.info({ port: port.id, peer: port.peer }, 'carrier up')
        this.#events.onCarrier(port.id, true)
        // The cable may replace one whose queue was full, and which will not report that it has
        // drained.
        this.#edge.tcp.portUnblocked(port.id, this.#clock.now())
      },
      onPackets: (b, start, end) => {
        this.#forwarder.receive(b, start, end, port!.id, this.#clock.now())
      },
      onUnblocked: () => this.#edge.tcp.portUnblocked(port!.id, this.#clock.now()),
      isBufferFree: () => this.#edge.tcp.isRetainingNothing,
      onDown: (cable, reason) => {
        if (!port?.port.unplug(cable)) return
        this.#log.info({ port: port.id, peer: port.peer, reason }, 'carrier down')
        this.#events.onCarrier(port.id, false, reason)
        this.#edge.tcp.portUnblocked(port.id, this.#clock.now())
      },
    }
  }
}
