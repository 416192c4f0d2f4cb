import { type Endpoint, formatEndpoint, formatIpv4, IpProtocol, parseIpv4 } from '@fivetuple/packet'
import {
  type CableDialler,
  type CableHandlers,
  CablePort,
  type Clock,
  DeadlineTimer,
  dialCable,
  type Logger,
  type RunningRole,
} from '@fivetuple/runtime'
import type { Speaker } from '@fivetuple/speaker'
import { AddressTable } from './address-table.js'
import type { LbCableConfig, LbConfig } from './config.js'
import { LbForwarder } from './forwarder.js'
import { BACKEND_POLICIES } from './policy/registry.js'
import { createRouting, DOWNLINK, UPLINK } from './routing.js'
import type { LbStatus } from './status.js'

/**
 * An LB (claim C11): the routing module watches the interface and talks BGP, the receiving module are the two cables, the
 * {@link LbForwarder} balances and translates, and sending is giving the same bytes to the other cable. Here they are only
 * put together.
 */
export class LbNode {
  readonly #config: LbConfig
  readonly #log: Logger
  readonly #clock: Clock
  readonly #addresses = new AddressTable()
  readonly #uplink = new CablePort()
  readonly #downlink = new CablePort()
  readonly #forwarder: LbForwarder
  readonly #routing: Speaker
  readonly #expiry: DeadlineTimer
  #diallers: CableDialler[] = []

  constructor(config: LbConfig, log: Logger, clock: Clock) {
    const bip = parseIpv4(config.bip)!
    const address = parseIpv4(config.address)!
    this.#config = config
    this.#log = log
    this.#clock = clock
    this.#forwarder = new LbForwarder(
      { address, bip, nat: config.nat, capacity: config.capacity, hasAddress: (vip) => this.#addresses.has(vip) },
      this.#uplink,
      this.#downlink,
      clock.now(),
    )
    for (const service of config.services)
      this.#forwarder.setService({
        name: service.name,
        address: parseIpv4(service.address)!,
        port: service.port,
        protocol: service.protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP,
        policy: BACKEND_POLICIES[service.policy](),
        limits: service.limits,
        tellsClient: service.tellsClient,
        lastResort: service.health.noBackend === 'last-resort',
        backends: service.backends.map((backend) => ({
          name: backend.name,
          address: parseIpv4(backend.address)!,
          port: backend.port,
          weight: backend.weight,
        })),
      })
    for (const vip of config.vips) this.#addresses.add(parseIpv4(vip)!)
    this.#routing = createRouting(config, address, bip, this.#addresses, {
      onSession: (neighbor, state, reason) => log.info({ neighbor, state, reason }, 'BGP'),
    })
    this.#expiry = new DeadlineTimer(clock, () => {
      this.#forwarder.onTimeout(clock.now())
      return this.#forwarder.deadline(clock.now())
    })
  }

  async start(): Promise<RunningRole> {
    const { cables, bip, address } = this.#config
    await this.#routing.start()
    this.#diallers = [
      this.#plugIn(cables.uplink, UPLINK, this.#uplink, this.#downlink, (b, start, end) =>
        this.#forwarder.receiveFromUplink(b, start, end, this.#clock.now()),
      ),
      this.#plugIn(cables.downlink, DOWNLINK, this.#downlink, this.#uplink, (b, start, end) =>
        this.#forwarder.receiveFromDownlink(b, start, end, this.#clock.now()),
      ),
    ]
    return {
      info: { bip, address },
      handlers: {
        status: () => this.status(),
        session: (question: { client: Endpoint; vip: Endpoint; protocol: 'tcp' | 'udp' }) => this.session(question),
        addAddress: ({ address }: { address: string }) => this.setAddress(address, true),
        removeAddress: ({ address }: { address: string }) => this.setAddress(address, false),
      },
      stop: () => this.stop(),
    }
  }

  /** Withdraws its routes first, so that no new flow is sent here any more, then unplugs. */
  async stop(): Promise<void> {
    await this.#routing.stop()
    for (const dialler of this.#diallers) dialler.close()
    this.#expiry.close()
  }

  /**
   * Puts an address on the interface or takes it off: the one operation by which a VIP comes to this LB or leaves it
   * (claims C8, C13). Routes follow from the interface's change alone; sessions of other VIPs are not touched.
   * @returns the addresses on the interface now
   */
  setAddress(text: string, present: boolean): { vips: string[] } {
    const address = parseIpv4(text)
    if (address === undefined) throw new TypeError(`'${text}' is no IPv4 address`)
    if (present) this.#addresses.add(address)
    else this.#addresses.remove(address)
    return { vips: this.#addresses.list().map(formatIpv4) }
  }

  /** The session of one flow, for people; null when there is none. */
  session({ client, vip, protocol }: { client: Endpoint; vip: Endpoint; protocol: 'tcp' | 'udp' }) {
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
    if (session === undefined) return null
    return {
      client: formatEndpoint(session.clientAddress, session.clientPort),
      vip: formatEndpoint(session.vipAddress, session.vipPort),
      bip: `${this.#config.bip}:${session.natPort}`,
      backend: formatEndpoint(session.backendAddress, session.backendPort),
      state: session.state,
      ageMs: session.ageMs,
      idleMs: session.idleMs,
    }
  }

  status(): LbStatus {
    const { name, address, bip } = this.#config
    const { counters } = this.#forwarder
    return {
      name,
      address,
      bip,
      vips: this.#addresses.list().map(formatIpv4),
      cables: { uplink: this.#uplink.isUp, downlink: this.#downlink.isUp },
      sessions: this.#forwarder.sessionCount,
      sessionsByState: this.#forwarder.sessionsByState(),
      bgp: Object.fromEntries(this.#routing.sessions().map(({ neighbor, state }) => [neighbor, state])),
      packets: { fromUplink: counters.packetsFromUplink, fromDownlink: counters.packetsFromDownlink },
      bytes: { fromUplink: counters.bytesFromUplink, fromDownlink: counters.bytesFromDownlink },
      services: [...this.#forwarder.services].map(({ spec, sessions, flowNumber, backends }) => ({
        name: spec.name,
        sessions,
        newFlows: flowNumber,
        backends: backends.map((backend) => ({
          name: backend.spec.name,
          sessions: backend.sessions,
          newFlows: backend.newFlows,
        })),
      })),
      drops: { ...counters.drops },
    }
  }

  /** A cable whose packets are translated and given to the other port. */
  #plugIn(
    { peer, address, port }: LbCableConfig,
    neighbor: string,
    own: CablePort,
    other: CablePort,
    onPackets: CableHandlers['onPackets'],
  ): CableDialler {
    const handlers: CableHandlers = {
      onUp: (cable) => {
        own.plug(cable)
        this.#log.info({ neighbor }, 'carrier up')
        this.#routing.setLink(neighbor, true)
      },
      onPackets: (b, start, end) => {
        onPackets(b, start, end)
        // What was given without a copy is written before the next read, so that the same buffer can be read into again.
        if (!other.idle) other.flush()
        if (other.blocked) own.cable?.pause()
        this.#expiry.arm(this.#forwarder.deadline(this.#clock.now()))
      },
      onUnblocked: () => other.cable?.resume(),
      onDown: (cable, reason) => {
        if (!own.unplug(cable)) return
        this.#log.info({ neighbor, reason }, 'carrier down')
        this.#routing.setLink(neighbor, false)
        other.cable?.resume()
      },
    }
    return dialCable({
      localAddress: this.#config.address,
      address,
      port,
      key: Buffer.from(this.#config.clusterKey, 'hex'),
      name: this.#config.name,
      switchPort: this.#config.id,
      peerName: peer,
      handlers,
      isBufferFree: () => other.idle,
    })
  }
}
