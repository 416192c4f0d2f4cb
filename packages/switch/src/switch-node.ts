import { NO_ROUTE } from '@fivetuple/edge'
import {
  type Endpoint,
  FLOW_HASHES,
  formatPrefix,
  hostPrefix,
  IpProtocol,
  type Prefix,
  parseIpv4,
  parsePrefix,
} from '@fivetuple/packet'
import {
  type Cable,
  type CableHandlers,
  type CableListener,
  type Clock,
  type Logger,
  listenCables,
  type RunningRole,
  tellLauncher,
} from '@fivetuple/runtime'
import { Speaker } from '@fivetuple/speaker'
import type { SwitchConfig } from './config.js'
import { ECMP_SELECTIONS } from './ecmp/registry.js'
import { createEdge, type SwitchEdge } from './edges.js'
import { EDGE_PORT } from './fib/route.js'
import { Forwarder } from './forwarder.js'
import { PortTable, type SwitchPort } from './port-table.js'
import { RouteTable } from './route-table.js'
import type { SwitchStatus } from './status.js'

/** Diverted flows, and shares of next hops that may move, are looked at this often. */
const EXPIRY_STEP_MS = 1_000

/**
 * A switch (claims C9, C10): the receiving module are its cables and its edge, the routing table is kept by
 * {@link RouteTable}, allocation and sending are the {@link Forwarder}'s. Here they are only put together.
 */
export class SwitchNode {
  readonly #config: SwitchConfig
  readonly #log: Logger
  readonly #clock: Clock
  readonly #ports: PortTable
  readonly #routes: RouteTable
  readonly #forwarder: Forwarder
  readonly #speaker: Speaker
  readonly #edge: SwitchEdge
  #listener: CableListener | undefined
  #expiry: NodeJS.Timeout | undefined

  constructor(config: SwitchConfig, log: Logger, clock: Clock) {
    const selection = ECMP_SELECTIONS[config.ecmp.selection](config.ecmp)
    const announced = config.bgp.announce.map((text) => parsePrefix(text)!)
    const connected = config.edge.kind === 'server' ? config.edge.prefixes.map((text) => parsePrefix(text)!) : announced
    const neighborPorts = new Map(
      config.bgp.neighbors.flatMap(({ name, portId }): [string, number][] => (portId === null ? [] : [[name, portId]])),
    )
    this.#config = config
    this.#log = log
    this.#clock = clock
    this.#ports = new PortTable(config.ports)
    this.#routes = new RouteTable(selection, connected, neighborPorts, clock.now())
    this.#forwarder = new Forwarder(
      {
        address: parseIpv4(config.address)!,
        hash: FLOW_HASHES[config.ecmp.hash],
        seed: config.ecmp.seed,
        fib: this.#routes.fib,
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
    this.#edge = createEdge(config.edge, connected, this.#forwarder, clock, log)
    this.#speaker = this.#createSpeaker(announced)
  }

  /** Binds all addresses; rejects when one can't be. */
  async start(): Promise<RunningRole> {
    const { address, cablePort, clusterKey, name, role } = this.#config
    await this.#speaker.start()
    this.#expiry = setInterval(() => this.#onTick(this.#clock.now()), EXPIRY_STEP_MS)
    this.#listener = await listenCables({
      address,
      port: cablePort,
      key: Buffer.from(clusterKey, 'hex'),
      name,
      admit: (peer) => this.#ports.refusal(peer),
      handlers: () => this.#cableHandlers(),
      onRefused: (remote, reason) => this.#log.info({ remote, reason }, 'cable refused'),
    })
    return {
      info: { role, address },
      handlers: {
        status: () => this.status(),
        setPort: ({ id, cut }: { id: number; cut: boolean }) => this.setPort(id, cut),
        explain: (question: { client: Endpoint; vip: Endpoint; protocol: 'tcp' | 'udp' }) => this.explain(question),
      },
      stop: () => this.stop(),
    }
  }

  #onTick(now: number): void {
    this.#forwarder.expire(now)
    this.#forwarder.setFib(this.#routes.rebalance(now))
  }

  async stop(): Promise<void> {
    clearInterval(this.#expiry)
    await this.#edge.close()
    await this.#speaker.stop()
    await this.#listener?.close()
  }

  /** Cuts the cable in a port, administratively, or lets it be plugged in again; the LB dials by itself. */
  setPort(id: number, cut: boolean): { up: boolean } {
    const { port, peer } = this.#ports.setCut(id, cut)
    this.#log.info({ port: id, peer }, cut ? 'port is administratively down' : 'port is administratively up')
    return { up: port.isUp }
  }

  /** The decision for one five-tuple as the route table stands, or null without a route to an LB. */
  explain({ client, vip, protocol }: { client: Endpoint; vip: Endpoint; protocol: 'tcp' | 'udp' }) {
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
      drain: drain && {
        newFlowsTo: lbOf(drain.newFlowsTo),
        divertedTo: drain.divertedTo === undefined ? null : lbOf(drain.divertedTo),
      },
    }
  }

  status(): SwitchStatus {
    const { name, role, address, ecmp } = this.#config
    return {
      name,
      role,
      address,
      ecmp,
      ports: this.#ports.ports.map(({ id, peer, port, isCut }) => ({
        id,
        peer,
        up: port.isUp,
        isCut,
        ...this.#forwarder.counters.get(id)!,
      })),
      routes: this.#routes.status(this.#clock.now()),
      sessions: this.#speaker.sessions(),
      flows: this.#edge.flowCount,
      edge: this.#edge.counters(),
      diverted: {
        flows: this.#forwarder.diverted.size,
        total: this.#forwarder.diverted.total,
        overLimit: this.#forwarder.diverted.overLimit,
      },
      drops: { ...this.#forwarder.drops },
      listening: this.#edge.listening(),
    }
  }

  #createSpeaker(announced: readonly Prefix[]): Speaker {
    const { address, bgp, name } = this.#config
    const speaker = new Speaker({
      localAddress: address,
      port: bgp.port,
      as: bgp.as,
      routerId: parseIpv4(address)!,
      holdTime: bgp.holdTime,
      listen: true,
      neighbors: bgp.neighbors.map((neighbor) => ({
        name: neighbor.name,
        address: neighbor.address,
        port: bgp.port,
        as: neighbor.as,
        passive: neighbor.portId !== null || neighbor.passive,
        allowedPrefixes: neighbor.allowedPrefixes.map((text) => parsePrefix(text)!),
        prefixLimit: neighbor.prefixLimit,
        linkUp: neighbor.portId === null,
      })),
      clock: this.#clock,
      onRoutes: (changes) => {
        this.#forwarder.setFib(this.#routes.apply(changes))
        void this.#edge.update((vip) => this.#hasRoute(vip)).then(() => this.#report())
      },
      onSession: (neighbor, state, reason) => this.#log.info({ neighbor, state, reason }, `${name}: BGP`),
    })
    for (const { name: neighbor } of bgp.neighbors)
      for (const prefix of announced) speaker.announce(neighbor, { prefix })
    return speaker
  }

  #hasRoute(vip: number): boolean {
    const nextHops = this.#forwarder.fib.get(hostPrefix(vip))?.nextHops
    return nextHops?.some((port) => port !== EDGE_PORT && port !== NO_ROUTE) ?? false
  }

  /** Tells the launcher which neighbours each learned prefix is forwarded by. */
  #report(): void {
    const data = Object.fromEntries(
      this.#routes.learnedPrefixes().map((prefix) => [prefix, this.#routes.forwardedBy(prefix)]),
    )
    tellLauncher({ kind: 'event', event: 'routes', data })
  }

  #cableHandlers(): CableHandlers {
    let port: SwitchPort | undefined
    return {
      onUp: (cable: Cable) => {
        port = this.#ports.plug(cable)
        if (port === undefined) return
        this.#log.info({ port: port.id, peer: port.peer }, 'carrier up')
        this.#setLink(port, true)
      },
      onPackets: (b, start, end) => {
        this.#forwarder.receive(b, start, end, port!.id, this.#clock.now())
      },
      onUnblocked: () => this.#edge.tcp.portUnblocked(port!.id, this.#clock.now()),
      isBufferFree: () => this.#edge.tcp.isKeepingNothing,
      onDown: (cable, reason) => {
        if (!port?.port.unplug(cable)) return
        this.#log.info({ port: port.id, peer: port.peer, reason }, 'carrier down')
        this.#setLink(port, false)
        this.#edge.tcp.portUnblocked(port.id, this.#clock.now())
      },
    }
  }

  #setLink({ id }: SwitchPort, up: boolean): void {
    for (const { name, portId } of this.#config.bgp.neighbors) if (portId === id) this.#speaker.setLink(name, up)
  }
}
