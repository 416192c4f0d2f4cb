import { type Prefix, parseIpv4, parsePrefix } from '@fivetuple/packet'
import {
  type Clock,
  eventSender,
  type Logger,
  processResources,
  type RunningRole,
  roleReporter,
} from '@fivetuple/runtime'
import { BfdSpeaker, SessionHappenings, Speaker } from '@fivetuple/speaker'
import { betweenPackets } from './between-packets.js'
import type { SwitchConfig } from './config.js'
import type { ForwardedReport, PredictRequest, PredictResult, SwitchContract } from './contract.js'
import { bfdPeers } from './control-plane/bfd-peers.js'
import { neighborStatus } from './control-plane/neighbor-status.js'
import { routeHappenings } from './control-plane/route-happenings.js'
import { type RouteChange, RouteTable } from './control-plane/route-table.js'
import { speakerOptions } from './control-plane/speaker-options.js'
import type { DataPlane, DataPlaneEvents } from './data-plane/data-plane.js'
import { ECMP_SELECTIONS } from './data-plane/ecmp/registry.js'
import { predictResults } from './data-plane/oracle/predict-results.js'
import { connectedPrefixes, LocalDataPlane } from './local-data-plane.js'
import type { BgpSessionStatus, ListenFailureStatus, SwitchStatus } from './status.js'

/** Interval at which selections may rebalance, ms. */
const REBALANCE_STEP_MS = 1_000

/** Creates the data plane of a switch. */
export type CreateDataPlane = (events: DataPlaneEvents) => DataPlane

/**
 * A switch (claims C9, C10). {@link RouteTable} keeps the route table from BGP; a data plane, in
 * this process or on line cards, receives, allocates and sends. This class connects the two.
 */
export class SwitchNode {
  readonly #sendEvent = eventSender<SwitchContract>()
  readonly #reporter = roleReporter()
  readonly #sessions: SessionHappenings
  readonly #config: SwitchConfig
  readonly #log: Logger
  readonly #clock: Clock
  /** Neighbour's name → the port of its cable. */
  readonly #portOf: ReadonlyMap<string, number>
  readonly #routes: RouteTable
  readonly #dataPlane: DataPlane
  readonly #speaker: Speaker
  readonly #bfd: BfdSpeaker
  #rebalance: NodeJS.Timeout | undefined
  #hasReported = false
  /** Failures as last reported. */
  #listenFailures: readonly ListenFailureStatus[] = []
  #isStopping = false

  /** @param createDataPlane default: a data plane in this process */
  constructor(config: SwitchConfig, log: Logger, clock: Clock, createDataPlane?: CreateDataPlane) {
    this.#portOf = new Map(
      config.bgp.neighbors.flatMap(({ name, portId }): [string, number][] => (portId === null ? [] : [[name, portId]])),
    )
    const create: CreateDataPlane =
      createDataPlane ?? ((events) => new LocalDataPlane(this.#config, events, log, clock))
    this.#config = config
    this.#log = log
    this.#clock = clock
    this.#sessions = new SessionHappenings(this.#reporter, clock)
    this.#routes = new RouteTable(
      ECMP_SELECTIONS[config.ecmp.selection](config.ecmp),
      connectedPrefixes(config),
      this.#portOf,
      clock.now(),
    )
    this.#dataPlane = create({
      onCarrier: (port, up, reason = '') => this.#setLink(port, up, reason),
      onHappened: this.#reporter.report,
      onListenFailures: (failures) => this.#reportListenFailures(failures),
    })
    this.#speaker = this.#createSpeaker(config.bgp.announce.map((text) => parsePrefix(text)!))
    this.#bfd = this.#createBfd()
  }

  /** Binds all addresses; rejects if one can't be bound. */
  async start(): Promise<RunningRole<SwitchContract>> {
    const { address, role } = this.#config
    await Promise.all([this.#speaker.start(), this.#bfd.start(), this.#dataPlane.start(this.#routes.fib)])
    this.#reportListenFailures([]) // a launcher may have had others of the process before
    this.#rebalance = setInterval(() => this.#onTick(), REBALANCE_STEP_MS)
    return {
      info: { role, address },
      handlers: {
        status: () => this.status(),
        resetBgp: ({ neighbor }) => ({ wasEstablished: this.#speaker.reset(neighbor) }),
        setPort: ({ id, adminDown }) => this.#dataPlane.setPort(id, adminDown),
        flushRecords: ({ number }) => this.#dataPlane.flushRecords(number),
        explain: (flow) => this.#dataPlane.explain(flow),
        lbsOfNewFlows: (flows) => this.#dataPlane.lbsOfNewFlows(flows),
        predict: (request) => this.#predict(request),
        keepFlows: ({ id }) => this.#dataPlane.keepFlows(id),
        measureFlows: ({ id }) => this.#dataPlane.measureFlows(id),
      },
      stop: () => this.stop(),
    }
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    clearInterval(this.#rebalance)
    this.#bfd.disable() // to stop is no failure of the paths
    await this.#dataPlane.closeEdge()
    await this.#speaker.stop()
    await this.#bfd.close()
    await this.#dataPlane.close()
  }

  async status(): Promise<SwitchStatus> {
    const { name, role, address, ecmp } = this.#config
    // Read before the status of the data plane, so that the data plane forwards by at least these
    // routes.
    const routes = this.#routes.status(this.#clock.now())
    const sessions = this.#sessionStatus()
    const bgpRefusals = this.#speaker.refusals()
    const bfd = this.#bfd.status()
    const forwarding = await this.#dataPlane.status()
    return { name, role, address, ecmp, routes, sessions, bgpRefusals, bfd, ...forwarding, process: processResources() }
  }

  /** Predicts over the data plane's flows, or over made-up flows if there are none. */
  async #predict(request: PredictRequest): Promise<PredictResult[]> {
    const shifts = await this.#dataPlane.predict(request)
    const { address, ecmp } = this.#config
    const at = { address: parseIpv4(address)!, ecmp, fib: this.#routes.fib }
    return betweenPackets(predictResults(request, shifts, at))
  }

  #onTick(): void {
    const before = this.#routes.fib
    const fib = this.#routes.rebalance(this.#clock.now())
    if (fib !== before) void this.#dataPlane.setRoutes({ fib, set: [], remove: [] })
  }

  #createSpeaker(announced: readonly Prefix[]): Speaker {
    const { bgp, name } = this.#config
    const speaker = new Speaker({
      ...speakerOptions(this.#config),
      clock: this.#clock,
      onRoutes: (changes) => {
        const change = this.#routes.apply(changes)
        const { fib, forwarded, draining } = change
        const cause = this.#reportRoutes(change)
        if (fib === undefined) this.#onForwarded(forwarded, draining)
        else void this.#dataPlane.setRoutes({ ...fib, cause }).then(() => this.#onForwarded(forwarded, draining))
      },
      onSession: (neighbor, state, reason) => this.#log.info({ neighbor, state, reason }, `${name}: BGP`),
      onEstablished: (neighbor) => this.#sessions.onEstablished(neighbor),
      onDown: (neighbor, detector, reason) => this.#sessions.onDown(neighbor, detector, reason),
    })
    for (const neighbor of bgp.neighbors)
      if (neighbor.exports.includes('connected'))
        for (const prefix of announced) speaker.announce(neighbor.name, { prefix })
    return speaker
  }

  /**
   * A failed path has no effect on the carrier of the port: BGP ends, and the next hops of the
   * neighbour are gone in the same turn of the event loop.
   */
  #createBfd(): BfdSpeaker {
    const { address, name, bgp } = this.#config
    return new BfdSpeaker({
      localAddress: address,
      peers: bfdPeers(bgp.neighbors),
      clock: this.#clock,
      onState: (neighbor, state, reason) => this.#log.info({ neighbor, state, reason }, `${name}: BFD`),
      onPath: (neighbor, path, reason) =>
        this.#sessions.onPath(neighbor, path, reason, () =>
          this.#speaker.setPath(neighbor, path === 'failed' ? reason : undefined),
        ),
      onDemandRefused: (neighbor) =>
        this.#log.warn({ neighbor }, `${name}: BFD: the peer requests Demand mode, which is refused`),
    })
  }

  /**
   * Reports prefixes whose next hops or drains have changed, and announces the former to the
   * neighbours that import them.
   */
  #onForwarded(
    forwarded: ReadonlyMap<string, readonly string[]>,
    draining: ReadonlyMap<string, readonly string[]>,
  ): void {
    if (forwarded.size + draining.size === 0) return
    const data: ForwardedReport = {
      isFirst: !this.#hasReported,
      forwardedBy: Object.fromEntries(forwarded),
      draining: Object.fromEntries(draining),
    }
    this.#hasReported = true
    this.#sendEvent('routes', data)
    for (const { name, exports } of this.#config.bgp.neighbors)
      if (exports.includes('forwarded')) for (const prefix of forwarded.keys()) this.#passOn(name, prefix)
  }

  /**
   * Announces a prefix to a neighbour as it was learned, or withdraws it if it is not forwarded any
   * more.
   */
  #passOn(neighbor: string, text: string): void {
    const prefix = parsePrefix(text)!
    const path = this.#routes.bestPath(text)
    if (path === undefined) this.#speaker.withdraw(neighbor, prefix)
    else this.#speaker.announce(neighbor, { prefix, asPath: path.attributes.asPath })
  }

  #sessionStatus(): BgpSessionStatus[] {
    const configs = new Map(this.#config.bgp.neighbors.map((neighbor) => [neighbor.name, neighbor]))
    return this.#speaker
      .sessions()
      .map((session) => neighborStatus(session, configs.get(session.neighbor)!, this.#config, Date.now()))
  }

  #reportListenFailures(failures: readonly ListenFailureStatus[]): void {
    if (this.#isStopping) return
    for (const { service, reason } of failures)
      if (!this.#listenFailures.some((known) => known.service === service)) this.#log.error({ service }, reason)
    this.#listenFailures = failures
    this.#sendEvent('listenFailures', failures)
  }

  #setLink(port: number, up: boolean, reason: string): void {
    const side = this.#config.role
    for (const { name: lb, portId } of this.#config.bgp.neighbors) {
      if (portId !== port) continue
      const link = { lb, side }
      const id = this.#reporter.report(up ? { kind: 'link.up', ...link } : { kind: 'link.down', ...link, reason })
      if (up) this.#sessions.onLinkUp(lb, id)
      this.#reporter.during(id, () => {
        this.#speaker.setLink(lb, up)
        this.#bfd.setLink(lb, up)
      })
    }
  }

  /** Reports a change of routes. Returns the local id of what changes packets; 0: nothing does. */
  #reportRoutes(change: RouteChange): number {
    const now = this.#clock.now()
    const causeOf = (name: string, isNextHop: boolean): number => this.#sessions.causeOf(name, isNextHop, now)
    let first = 0
    for (const { happening, cause } of routeHappenings(change, causeOf)) {
      const id = this.#reporter.report(happening, cause)
      if (first === 0) first = id
    }
    return first
  }
}
