import { FabricHost } from '@fivetuple/edge'
import { formatIpv4, IpProtocol, parseIpv4 } from '@fivetuple/packet'
import {
  type Clock,
  DeadlineTimer,
  eventSender,
  type Logger,
  type Params,
  RecordSender,
  RecordStream,
  type RunningRole,
  roleReporter,
} from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import type { LbBackendConfig, LbCableConfig, LbConfig, LbServiceConfig } from './config.js'
import type { LbContract } from './contract.js'
import { AddressTable } from './control-plane/address-table.js'
import { Drains } from './control-plane/drains.js'
import { DrainHappenings } from './control-plane/drivers/drain-happenings.js'
import { Redundancy } from './control-plane/drivers/redundancy.js'
import { ResetHappenings } from './control-plane/drivers/reset-happenings.js'
import { DOWNLINK, Routing, UPLINK } from './control-plane/drivers/routing.js'
import { ServiceHealth } from './control-plane/drivers/service-health.js'
import { VipDrain } from './control-plane/drivers/vip-drain.js'
import { PathMonitor } from './control-plane/health/path-monitor.js'
import { serviceKey, serviceSpec } from './control-plane/service-spec.js'
import { VipHappenings } from './control-plane/vip-happenings.js'
import { VipPlacement } from './control-plane/vip-placement.js'
import type { ConnectFailure } from './data-plane/connect-attempts.js'
import { LbForwarder } from './data-plane/forwarder.js'
import { checkPath, sendPathProbe } from './data-plane/path-probe.js'
import type { BackendChange } from './data-plane/service.js'
import { InjectedFaults } from './injected/injected-faults.js'
import { LbLinkFaults } from './link-faults/link-faults.js'
import type { LinkSide } from './link-faults/names.js'
import { LbPort } from './ports/lb-port.js'
import type { LbStatus, PlacedVip, SessionView } from './status.js'
import { lbStatus, sessionView } from './status-report.js'

/**
 * Silence of the downlink that excuses failed checks at most, s, if there is no hold time that says
 * so.
 */
const SILENCE_MAX_S = 9
/**
 * A link that something has come from within this time is not silent, ms: half of the time after
 * which a SYN is repeated.
 */
const RECENTLY_MS = 500
/** Answers to checks are short. */
const CHECK_WINDOW_BYTES = 65_536
const CONNECT_FAILURES: Readonly<Record<ConnectFailure, string>> = {
  refused: 'was refused',
  timeout: 'had no answer',
  unreachable: 'found no way to it',
}

/** Change of a backend's drain. */
export type BackendDrain = Params<LbContract, 'drainBackend'>

/**
 * An LB (claim C11): the routing module watches the interface and talks BGP, the receiving module
 * are the two cables, the {@link LbForwarder} balances and translates, and sending is giving the
 * same bytes to the other cable. Here they are only put together.
 */
export class LbNode {
  readonly #config: LbConfig
  /** Silence of the link or of a backend that may be a stall, ms. */
  readonly #maxSilenceMs: number
  readonly #log: Logger
  readonly #clock: Clock
  readonly #sendEvent = eventSender<LbContract>()
  readonly #reporter = roleReporter()
  readonly #vipHappenings = new VipHappenings()
  readonly #resetHappenings: ResetHappenings
  readonly #drainHappenings: DrainHappenings
  /** Service → local id of the last happening of the health of its backends. */
  readonly #healthOf = new Map<string, number>()
  readonly #addresses = new AddressTable()
  readonly #placement = new VipPlacement(this.#addresses)
  /** By name, as they are now. */
  readonly #services = new Map<string, LbServiceConfig>()
  readonly #uplink: LbPort
  readonly #downlink: LbPort
  readonly #linkFaults: LbLinkFaults
  readonly #injected: InjectedFaults
  readonly #forwarder: LbForwarder
  readonly #host: FabricHost
  readonly #health: ServiceHealth
  readonly #path: PathMonitor
  readonly #vipDrain: VipDrain
  readonly #routing: Routing
  readonly #expiry: DeadlineTimer
  readonly #redundancy: Redundancy | undefined
  readonly #drains = new Drains()
  /** Links whose paths have failed, by BFD. */
  readonly #failedPaths = new Set<LinkSide>()
  readonly #records: RecordSender | undefined
  readonly #healthyBackends = new Map<string, boolean>()
  #areChecksOn = false
  #isStopping = false

  constructor(config: LbConfig, log: Logger, clock: Clock) {
    const bip = parseIpv4(config.bip)!
    const address = parseIpv4(config.address)!
    this.#config = config
    this.#maxSilenceMs = (config.bgp.holdTime || SILENCE_MAX_S) * 1_000
    this.#log = log
    this.#clock = clock
    this.#resetHappenings = new ResetHappenings(this.#reporter.report, clock)
    this.#drainHappenings = new DrainHappenings(this.#reporter.report, clock)
    this.#uplink = this.#createPort(UPLINK, config.cables.uplink)
    this.#downlink = this.#createPort(DOWNLINK, config.cables.downlink)
    this.#linkFaults = new LbLinkFaults({ uplink: this.#uplink, downlink: this.#downlink }, clock)
    this.#linkFaults.set(config.linkFaults)
    const [output, ...furtherMemberLinks] = this.#downlink.links
    this.#host = new FabricHost({
      output: output!,
      furtherMemberLinks,
      isUp: (memberLink) => this.#downlink.links[memberLink]!.isUp,
      address: bip,
      ports: config.checkPorts,
      tcp: tcpOptions({ windowBytes: CHECK_WINDOW_BYTES }),
      clock,
    })
    const router = parseIpv4(config.bgp.downlink.address)!
    this.#path = new PathMonitor(this.#maxSilenceMs, clock.now())
    this.#vipDrain = new VipDrain({
      clock,
      hasLiveSessions: (vip) => this.#hasLiveSessions(vip),
      onChange: (vip, isDrained, isWithdrawn) => {
        this.#routing.setAddressDrained(vip, isDrained)
        this.#placement.inhibit(vip, 'no-healthy-backend', isWithdrawn)
        this.#redundancy?.refresh()
        this.#reportVips()
      },
    })
    this.#health = new ServiceHealth({
      host: this.#host,
      path: checkPath(this.#path, this.#downlink, () => {
        for (const memberLink of this.#downlink.links) if (memberLink.isUp) sendPathProbe(memberLink, bip, router)
      }),
      clock,
      random: Math.random,
      onBackend: (service, backend, change, reason) => this.#onBackendHealth(service, backend, change, reason),
      onService: (service, isUp) => this.#onServiceHealth(service, isUp),
    })
    const stream = config.records ? RecordStream.open(() => this.#records?.wake()) : undefined
    this.#forwarder = new LbForwarder(
      {
        address,
        bip,
        nat: config.nat,
        capacity: config.capacity,
        hasAddress: (vip) => this.#addresses.has(vip),
        local: this.#host,
        ...(this.#downlink.memberLinks && { memberLinks: this.#downlink.memberLinks }),
        random: Math.random,
        ...(stream && { onRecords: () => this.#records?.wake() }),
        onReset: (...flow) => this.#resetHappenings.onReset(...flow),
        onConnectFailure: ({ address, port, service }, failure) => {
          // If nothing comes from the link, not even what this LB has not read yet, the backend may
          // well have responded.
          if (failure === 'timeout' && !this.#path.hasReceivedSince(clock.now() - RECENTLY_MS)) return
          this.#health.reportFailure(
            address,
            port,
            service.spec.protocol,
            `a ${service.spec.protocol === IpProtocol.UDP ? 'datagram' : 'connection'} ${CONNECT_FAILURES[failure]}`,
          )
        },
      },
      this.#uplink.output,
      this.#downlink.output,
      clock.now(),
    )
    const { recorder } = this.#forwarder
    this.#records = stream && recorder && new RecordSender({ source: recorder, sink: stream, clock, part: 0 })
    for (const service of config.services) {
      this.#services.set(service.name, service)
      this.#forwarder.setService(serviceSpec(service))
    }
    for (const backend of config.drainedBackends) this.drainBackend({ backend, drained: true })
    this.#placement.inhibitAll('no-downlink', true)
    for (const vip of config.vips) this.#placement.want(parseIpv4(vip)!, true)
    this.#routing = new Routing(config, address, bip, this.#addresses, {
      onSession: (neighbor, state, reason) => {
        log.info({ neighbor, state, reason }, 'BGP')
        // Not before: until the switch has the route to the BIP, no answer to a check finds its
        // way.
        if (neighbor === DOWNLINK && state === 'established') this.#startChecks()
      },
      dialOver: (neighbor) => this.#linkFaults.dialOver(neighbor),
      datagramOver: (neighbor, direction, datagram, pass) =>
        this.#linkFaults.sendDatagram(neighbor, direction, datagram.length, () => pass(datagram)),
      onBfdState: (neighbor, state, reason) => log.info({ neighbor, state, reason }, 'BFD'),
      onPath: (neighbor, isFailed) => {
        if (isFailed) this.#failedPaths.add(neighbor)
        else this.#failedPaths.delete(neighbor)
        this.#onLink(neighbor)
      },
      reporter: this.#reporter,
    })
    this.#injected = new InjectedFaults({
      routing: this.#routing,
      forwarder: this.#forwarder,
      clock,
      onRoute: () => this.#reportVips(),
    })
    this.#redundancy =
      config.redundancy === null
        ? undefined
        : new Redundancy({
            config: config.redundancy,
            localAddress: config.address,
            clusterKey: Buffer.from(config.clusterKey, 'hex'),
            placement: this.#placement,
            clock,
            log,
            onChange: () => this.#reportVips(),
          })
    this.#expiry = new DeadlineTimer(clock, () => {
      this.#forwarder.onTimeout(clock.now())
      return this.#forwarder.deadline(clock.now())
    })
  }

  async start(): Promise<RunningRole<LbContract>> {
    const { bip, address } = this.#config
    await this.#routing.start()
    await this.#redundancy?.start()
    this.#uplink.plugIn(this.#downlink, (b, start, end) => {
      const now = this.#clock.now()
      this.#forwarder.receiveFromUplink(b, start, end, now)
      this.#expiry.arm(this.#forwarder.deadline(now))
    })
    this.#downlink.plugIn(this.#uplink, (b, start, end) => {
      const now = this.#clock.now()
      this.#path.heard(now)
      this.#forwarder.receiveFromDownlink(b, start, end, now)
      this.#expiry.arm(this.#forwarder.deadline(now))
    })
    return {
      info: { bip, address },
      handlers: {
        status: () => this.status(),
        session: (flow) => this.session(flow),
        sessions: (selection) => this.sessions(selection),
        addAddress: ({ address }) => this.setAddress(address, true),
        removeAddress: ({ address }) => this.setAddress(address, false),
        setService: (service) => this.setService(service),
        drainBackend: (change) => this.drainBackend(change),
        flushRecords: ({ number }) => this.#records?.flush(number),
        setDraining: ({ draining }) => this.setDraining(draining),
        setLinkFaults: ({ links }) => {
          this.#linkFaults.set(links)
          return null
        },
        injected: () => this.#injected.status(),
        resetBgp: (of) => this.#injected.reset(of),
        muteBgp: (of) => this.#injected.mute(of),
        setRouteFault: (change) => this.#injected.setRoute(change),
        exhaust: (what) => this.#injected.exhaust(what),
      },
      stop: () => this.stop(),
    }
  }

  /** Withdraws its routes first, so that no new flow is sent here any more, then unplugs. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#redundancy?.stop()
    await this.#routing.stop()
    this.#linkFaults.close()
    this.#injected.close()
    this.#vipDrain.close()
    this.#drainHappenings.close()
    this.#resetHappenings.close()
    this.#health.close()
    this.#host.close()
    this.#uplink.unplug()
    this.#downlink.unplug()
    this.#expiry.close()
    this.#records?.close()
  }

  /**
   * Puts an address on the interface or takes it off: the one operation by which a VIP comes to
   * this LB or leaves it (claims C8, C13). Routes follow from the interface's change alone;
   * sessions of other VIPs are not touched.
   * @returns the VIPs that are to be on this LB, and the inhibitors of each
   */
  setAddress(text: string, present: boolean): { vips: PlacedVip[] } {
    const address = parseIpv4(text)
    if (address === undefined) throw new TypeError(`'${text}' is no IPv4 address`)
    this.#placement.want(address, present)
    this.#redundancy?.refresh()
    this.#reportVips()
    return { vips: this.#placedVips() }
  }

  /** Changes how new flows of a service are given to backends; sessions stay where they are. */
  setService(service: LbServiceConfig): LbServiceConfig {
    const { name } = service
    if (!this.#services.has(name)) throw new TypeError(`there is no service '${name}'`)
    this.#services.set(name, service)
    this.#forwarder.setService(serviceSpec(service))
    if (this.#areChecksOn) this.#health.watch([...this.#services.values()])
    return service
  }

  /** Asks the uplink switch for no new flows, or for them again; what is carried goes on. */
  setDraining(draining: boolean): { sessions: number } {
    if (draining && !this.#routing.draining) this.#drains.beginLb(this.#clock.now())
    this.#routing.setDraining(draining)
    this.#drainHappenings.set(this.#config.name, draining, () =>
      this.#drains.sessionsOfLb(this.#forwarder.services, this.#clock.now()),
    )
    return { sessions: this.#forwarder.sessionCount }
  }

  /**
   * Keeps new flows of all services from a backend, or lets them go there again; its sessions go
   * on.
   * @returns the sessions that it still has by this LB
   */
  drainBackend({ backend: name, drained }: BackendDrain): { sessions: number } {
    let sessions = 0
    this.#drains.setBackend(name, drained, this.#clock.now())
    for (const { spec, backends } of this.#forwarder.services)
      for (const backend of backends) {
        if (backend.spec.name !== name) continue
        this.#forwarder.setBackend(spec, backend.address, backend.port, { isDrained: drained })
        sessions += backend.sessions
      }
    const id = this.#drainHappenings.set(name, drained, () => this.#sessionsToDrain(name))
    this.#reporter.during(id, () => this.#health.setDrained(name, drained))
    return { sessions }
  }

  #sessionsToDrain(name: string): number {
    let sessions = 0
    for (const { backends } of this.#forwarder.services)
      for (const backend of backends)
        if (backend.spec.name === name) sessions += this.#drains.sessionsOf(backend, this.#clock.now())
    return sessions
  }

  /** The session of one flow, for people; null when there is none. */
  session({ client, vip, protocol }: Params<LbContract, 'session'>): SessionView | null {
    const session = this.#forwarder.session(
      {
        sourceAddress: client.address,
        destinationAddress: vip.address,
        sourcePort: client.port,
        destinationPort: vip.port,
        protocol: protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP,
      },
      this.#clock.now(),
    )
    return session === undefined ? null : sessionView(session, this.#config.bip)
  }

  /** Sessions as people read them, of one service or of all; at most `limit`. */
  sessions({ vip, limit }: Params<LbContract, 'sessions'>): SessionView[] {
    const service = vip === undefined ? undefined : this.#services.get(vip)
    const wanted = service && `${service.protocol} ${service.address}:${service.port}`
    const views: SessionView[] = []
    for (const session of this.#forwarder.sessions(this.#clock.now())) {
      const view = sessionView(session, this.#config.bip)
      if (wanted === undefined || wanted === `${view.protocol} ${view.vip}`) views.push(view)
      if (views.length >= limit) break
    }
    return views
  }

  status(): LbStatus {
    return lbStatus(
      {
        config: this.#config,
        services: this.#services,
        forwarder: this.#forwarder,
        health: this.#health,
        routing: this.#routing,
        redundancy: this.#redundancy,
        drains: this.#drains,
        uplink: this.#uplink,
        downlink: this.#downlink,
        linkFaults: this.#linkFaults,
        injected: this.#injected,
      },
      this.#placedVips(),
      this.#clock.now(),
    )
  }

  /** A link can be used if it has carrier and BFD has not found that its path has failed. */
  #onLink(neighbor: LinkSide): void {
    const port = neighbor === DOWNLINK ? this.#downlink : this.#uplink
    const isUsable = port.isUp && !this.#failedPaths.has(neighbor)
    if (neighbor === DOWNLINK) this.#setDownlink(isUsable)
    else this.#redundancy?.setLink(isUsable)
  }

  /** An LB that can reach no backend carries no VIP. It does not wait for failed checks. */
  #setDownlink(isUp: boolean): void {
    this.#placement.inhibitAll('no-downlink', !isUp)
    this.#redundancy?.refresh()
    this.#reportVips()
  }

  #startChecks(): void {
    this.#areChecksOn = true
    this.#health.watch([...this.#services.values()])
    this.#health.recheck()
  }

  #onBackendHealth(service: LbServiceConfig, backend: LbBackendConfig, change: BackendChange, reason: string): void {
    this.#forwarder.setBackend(serviceKey(service), parseIpv4(backend.address)!, backend.port, change)
    this.#log.info({ service: service.name, backend: backend.name, ...change, reason }, 'backend health')
    this.#reportHealth(service.name, backend.name, change.isHealthy, reason)
  }

  /** A share of the weight that grows is no change of health. */
  #reportHealth(service: string, backend: string, isHealthy: boolean | undefined, reason: string): void {
    if (isHealthy === undefined || isHealthy === (this.#healthyBackends.get(`${service} ${backend}`) ?? true)) return
    this.#healthyBackends.set(`${service} ${backend}`, isHealthy)
    const kind = isHealthy ? 'backend.healthy' : 'backend.unhealthy'
    this.#healthOf.set(service, this.#reporter.report({ kind, service, backend, reason }))
  }

  /**
   * A VIP is withdrawn when all services at its address are down and none of them would rather
   * stay.
   */
  #onServiceHealth(service: LbServiceConfig, isUp: boolean): void {
    this.#forwarder.setServiceUp(serviceKey(service), isUp)
    this.#log.warn({ service: service.name }, isUp ? 'service is up' : 'service is down: too few healthy backends')
    const vip = parseIpv4(service.address)!
    const isHopeless = this.#servicesAt(vip).every(
      ({ name, health }) => health.noBackend === 'withdraw' && !this.#health.isUp(name),
    )
    const cause = this.#reporter.cause || (this.#healthOf.get(service.name) ?? 0)
    this.#reporter.during(cause, () => this.#vipDrain.setHopeless(vip, isHopeless))
  }

  #servicesAt(vip: number): LbServiceConfig[] {
    return [...this.#services.values()].filter(({ address }) => parseIpv4(address) === vip)
  }

  /**
   * With one active LB at a time another one takes over, so it is of no use that new flows avoid
   * this one.
   */
  #hasLiveSessions(vip: number): boolean {
    if (this.#config.redundancy !== null) return false
    const sessions = [...this.#forwarder.services].filter(({ spec }) => spec.address === vip)
    return (
      sessions.some((service) => service.sessions > 0) &&
      this.#servicesAt(vip).some(({ name }) => this.#health.mayServeFlows(name, this.#maxSilenceMs))
    )
  }

  /** Reports to the launcher which VIPs are inhibited, and why. */
  #reportVips(): void {
    if (this.#isStopping) return
    const placed = this.#placedVips()
    for (const happening of this.#vipHappenings.changes(placed)) this.#reporter.report(happening)
    this.#sendEvent('vips', placed)
  }

  #placedVips(): PlacedVip[] {
    return this.#placement.wanted.map((address) => ({
      address: formatIpv4(address),
      inhibitedBy: [
        ...this.#placement.inhibitorsOf(address),
        ...(this.#injected.isWithheld(address) ? (['route-withheld'] as const) : []),
      ],
      drainedBy: this.#vipDrain.isDrained(address) ? (['no-healthy-backend'] as const) : [],
    }))
  }

  #createPort(neighbor: LinkSide, cable: LbCableConfig): LbPort {
    const { address, clusterKey, name, id: switchPort } = this.#config
    let reason = ''
    return new LbPort(
      cable,
      { localAddress: address, key: Buffer.from(clusterKey, 'hex'), name, switchPort },
      {
        onCarrier: (isUp) => {
          const link = { lb: name, side: neighbor }
          const id = this.#reporter.report(isUp ? { kind: 'link.up', ...link } : { kind: 'link.down', ...link, reason })
          this.#log.info({ neighbor }, isUp ? 'carrier up' : 'carrier down')
          this.#routing.setLink(neighbor, isUp, id)
          this.#reporter.during(id, () => this.#onLink(neighbor))
        },
        onMemberLinkFree: (memberLink) => {
          if (neighbor === DOWNLINK) this.#host.unblocked(memberLink)
        },
        onMemberLinkDown: (memberLink, why) => {
          reason = why
          this.#log.info({ neighbor, memberLink, reason }, 'member link down')
        },
      },
      this.#clock,
    )
  }
}
