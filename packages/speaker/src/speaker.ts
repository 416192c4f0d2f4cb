import { createServer, type Server, type Socket } from 'node:net'
import {
  BgpPeer,
  CeaseSubcode,
  type OriginatedRoute,
  type PeerOutput,
  Rib,
  type RibChange,
  type RibNeighbor,
  type RibRejections,
  type RibSnapshot,
  type SessionDetector,
  type SessionState,
} from '@fivetuple/bgp'
import { formatPrefix, type Prefix, parseIpv4 } from '@fivetuple/packet'
import { type Clock, DeadlineTimer, listenExclusive, monotonicClock } from '@fivetuple/runtime'
import { BoundPeer } from './bound-peer.js'
import { type Dial, dialSocket } from './connection.js'
import { type RefusedConnection, RefusedConnections } from './refused-connections.js'
import { type SpeakerSession, sessionStatus } from './session-status.js'

/** Delays between attempts to reach a neighbour: short, since nodes of a lab come and go often. */
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 5_000
/** Stands for all neighbours in {@link Speaker.announce} and {@link Speaker.withdraw}. */
const ALL = 'all'

export interface SpeakerNeighbor {
  readonly name: string
  /**
   * Dotted quad. The neighbour is dialled at this address, and its connections must come from it.
   */
  readonly address: string
  /** Port to dial; without it, the speaker's own. */
  readonly port?: number
  /** Its AS, which differs from ours: sessions are external. */
  readonly as: number
  /** True if the neighbour dials and is never dialled. */
  readonly passive: boolean
  /** Prefixes that it may announce: these and more specific ones. */
  readonly allowedPrefixes: readonly Prefix[]
  readonly prefixLimit: number
  /**
   * True if packets can be sent to it, so that its paths may be used beside equal ones of others.
   * Default: true.
   */
  readonly forwards?: boolean
  /** Proposed hold time, s: 0 or at least 3; without it, the speaker's own. */
  readonly holdTime?: number
  /** NEXT_HOP of what we announce to it, dotted quad; without it our own address. */
  readonly nextHop?: string
  /** True if the link to it has carrier at the start. Default: true. */
  readonly linkUp?: boolean
  /** Opens connections to it. Default: TCP connections. */
  readonly dial?: Dial
}

export interface SpeakerOptions {
  /** Dotted quad: connections come from and go to this address. */
  readonly localAddress: string
  readonly port: number
  readonly as: number
  /** BGP identifier, 32 bits, not 0. */
  readonly routerId: number
  /** seconds: 0 or at least 3 */
  readonly holdTime: number
  /** True if connections are accepted. */
  readonly listen: boolean
  readonly neighbors: readonly SpeakerNeighbor[]
  /** First and longest delay between attempts to reach a neighbour, ms. */
  readonly retryFirstMs?: number
  readonly retryMaxMs?: number
  /** Called when the routes have changed, at most once per turn of the event loop. */
  readonly onRoutes: (changes: readonly RibChange[], snapshot: RibSnapshot) => void
  readonly onSession?: (neighbor: string, state: SessionState, reason: string | undefined) => void
  /** Called when a session is established, before the first routes of the neighbour. */
  readonly onEstablished?: (neighbor: string) => void
  /** Called when an established session has ended, before its routes go. */
  readonly onDown?: (neighbor: string, detector: SessionDetector, reason: string) => void
  readonly clock?: Clock
  /** Source of jitter: numbers of at least 0 and below 1. */
  readonly random?: () => number
}

/** Announcements and connections that the speaker has refused. */
export interface SpeakerRefusals extends Readonly<RibRejections> {
  /**
   * Connections from addresses that are no neighbour's, or that a neighbour opened while it was not
   * allowed to.
   */
  readonly connections: number
  /** The last of these connections, by address, the latest first. */
  readonly recentConnections: readonly RefusedConnection[]
}

interface Neighbor {
  readonly config: SpeakerNeighbor
  readonly rib: RibNeighbor
  readonly bound: BoundPeer
}

/**
 * A BGP speaker on real TCP: sessions to configured neighbours, the routes they announce, and those
 * we announce.
 */
export class Speaker {
  readonly #options: SpeakerOptions
  readonly #clock: Clock
  readonly #rib: Rib
  readonly #neighbors = new Map<string, Neighbor>()
  readonly #byAddress = new Map<number, Neighbor>()
  /** Routes that are announced to all neighbours, also to those added later. */
  readonly #toAll = new Map<string, OriginatedRoute>()
  readonly #timer: DeadlineTimer
  #server: Server | undefined
  readonly #refusedConnections = new RefusedConnections()
  #dueScheduled = false
  #routesScheduled = false
  #phase: 'new' | 'started' | 'stopped' = 'new'

  /** Throws a TypeError that names the neighbour if the configuration is invalid. */
  constructor(options: SpeakerOptions) {
    this.#options = options
    this.#clock = options.clock ?? monotonicClock
    this.#rib = new Rib(options.as)
    this.#timer = new DeadlineTimer(this.#clock, () => {
      this.#scheduleDue()
      return Number.POSITIVE_INFINITY
    })
    for (const neighbor of options.neighbors) this.addNeighbor(neighbor)
  }

  /** Listens, and starts all sessions whose links are up. Rejects if the address can't be bound. */
  async start(): Promise<void> {
    const { listen, localAddress, port } = this.#options
    if (listen) {
      this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
      await listenExclusive(this.#server, localAddress, port).catch((error: Error) => {
        throw portInUse(error, localAddress, port)
      })
    }
    this.#phase = 'started'
    for (const { bound } of this.#neighbors.values()) bound.input({ type: 'start' })
  }

  /**
   * Ends all sessions with Cease, administrative shutdown (RFC 4486), and frees the address; takes
   * about 1 s at most.
   */
  async stop(): Promise<void> {
    this.#phase = 'stopped'
    const server = this.#server
    const closed = server && new Promise<void>((resolve) => server.close(() => resolve()))
    const bounds = [...this.#neighbors.values()].map(({ bound }) => bound)
    for (const bound of bounds) bound.input({ type: 'stop', subcode: CeaseSubcode.ADMINISTRATIVE_SHUTDOWN })
    this.#timer.close()
    await Promise.all(bounds.map((bound) => bound.closed()))
    await closed
  }

  /**
   * Adds a neighbour. Its session starts at once if the speaker runs. Throws a TypeError as the
   * constructor does.
   */
  addNeighbor(config: SpeakerNeighbor): void {
    const neighbor = this.#createNeighbor(config)
    this.#neighbors.set(config.name, neighbor)
    this.#byAddress.set(neighbor.rib.address, neighbor)
    neighbor.bound.input({ type: 'announce', routes: [...this.#toAll.values()] })
    if (this.#phase === 'started') neighbor.bound.input({ type: 'start' })
  }

  /** Ends a neighbour's session with Cease, peer de-configured, and deletes it. */
  removeNeighbor(name: string): void {
    const { bound, rib } = this.#neighbor(name)
    bound.input({ type: 'stop', subcode: CeaseSubcode.PEER_DECONFIGURED })
    this.#neighbors.delete(name)
    this.#byAddress.delete(rib.address)
  }

  /** Sets the carrier of the link to a neighbour. Without carrier the session ends at once. */
  setLink(neighbor: string, up: boolean): void {
    this.#neighbor(neighbor).bound.input({ type: up ? 'link-up' : 'link-down' })
  }

  /**
   * Sets the verdict of BFD on the path to a neighbour. If it has failed, the session ends at once
   * with Cease, BFD Down, and its routes are removed in the same turn. No session is established
   * until the path is restored.
   * @param failure reason, in words; undefined: the path has not failed
   */
  setPath(neighbor: string, failure: string | undefined): void {
    this.#neighbor(neighbor).bound.input(
      failure === undefined ? { type: 'path-restored' } : { type: 'path-failed', reason: failure },
    )
  }

  /**
   * Ends the session of a neighbour with Cease, Administrative Reset (RFC 4486). It starts again
   * after a pause.
   * @returns false if no session was established
   */
  reset(neighbor: string): boolean {
    const { bound } = this.#neighbor(neighbor)
    if (bound.machine.established === undefined) return false
    bound.input({ type: 'reset' })
    return true
  }

  /**
   * Stops to send KEEPALIVE and UPDATE to a neighbour, so that its hold timer expires, or sends
   * them again.
   */
  setMuted(neighbor: string, isMuted: boolean): void {
    this.#neighbor(neighbor).bound.input({ type: 'mute', isMuted })
  }

  /**
   * Announces routes to a neighbour or to `'all'`, now and on each later session, until they are
   * withdrawn.
   */
  announce(neighbor: string, ...routes: readonly OriginatedRoute[]): void {
    if (neighbor === ALL) for (const route of routes) this.#toAll.set(formatPrefix(route.prefix), route)
    for (const { bound } of this.#addressed(neighbor)) bound.input({ type: 'announce', routes })
  }

  /** Withdraws announced routes, from a neighbour or from `'all'`. */
  withdraw(neighbor: string, ...prefixes: readonly Prefix[]): void {
    if (neighbor === ALL) for (const prefix of prefixes) this.#toAll.delete(formatPrefix(prefix))
    for (const { bound } of this.#addressed(neighbor)) bound.input({ type: 'withdraw', prefixes })
  }

  /** The Loc-RIB as of the last `onRoutes`. */
  snapshot(): RibSnapshot {
    return this.#rib.snapshot
  }

  sessions(): SpeakerSession[] {
    const now = this.#clock.now()
    return [...this.#neighbors.values()].map(({ config: { address, as, port, passive }, rib, bound: { machine } }) => {
      const dialled = passive ? null : (port ?? this.#options.port)
      return sessionStatus({ address, as, port: dialled }, machine, this.#rib, rib, now)
    })
  }

  refusals(): SpeakerRefusals {
    const refused = this.#refusedConnections
    return {
      ...this.#rib.rejected,
      connections: refused.total,
      recentConnections: refused.recent(this.#clock.now()),
    }
  }

  #createNeighbor(config: SpeakerNeighbor): Neighbor {
    const { as, routerId, holdTime, listen, localAddress, port, retryFirstMs, retryMaxMs, random } = this.#options
    const refuse = (why: string): never => {
      throw new TypeError(`neighbour ${config.name}: ${why}`)
    }
    if (config.name === ALL) refuse(`the name stands for all neighbours`)
    if (this.#neighbors.has(config.name)) refuse('there is one of this name already')
    if (config.as === as) refuse(`AS ${as} is our own, and internal BGP is not supported`)
    if (config.passive && !listen) refuse('it is passive and we do not listen, so neither would dial')
    const address = parseIpv4(config.address) ?? refuse(`${config.address} is no dotted quad`)
    if (this.#byAddress.has(address)) refuse(`${config.address} is another neighbour's`)
    const hop = config.nextHop ?? localAddress
    const nextHop = parseIpv4(hop) ?? refuse(`next hop ${hop} is no dotted quad`)
    const dialledPort = config.port ?? port
    if (!Number.isInteger(dialledPort) || dialledPort < 1 || dialledPort > 65_535)
      refuse(`port ${dialledPort} cannot be dialled`)
    const { name, allowedPrefixes, prefixLimit } = config
    const rib: RibNeighbor = {
      name,
      address,
      as: config.as,
      forwards: config.forwards ?? true,
      allowedPrefixes,
      prefixLimit,
    }
    const machine = new BgpPeer({
      localAs: as,
      routerId,
      peerAs: config.as,
      holdTime: config.holdTime ?? holdTime,
      passive: config.passive,
      accepts: listen,
      nextHop,
      linkUp: config.linkUp ?? true,
      retryFirstMs: retryFirstMs ?? RETRY_FIRST_MS,
      retryMaxMs: retryMaxMs ?? RETRY_MAX_MS,
      random: random ?? Math.random,
    })
    const target = { host: config.address, port: dialledPort, localAddress }
    const bound: BoundPeer = new BoundPeer(machine, target, config.dial ?? dialSocket, this.#clock, {
      onOutput: (output) => this.#onOutput(neighbor, output),
      onDeadline: (deadline) => this.#timer.arm(deadline),
    })
    const neighbor: Neighbor = { config, rib, bound }
    return neighbor
  }

  #accept(socket: Socket): void {
    const remote = parseIpv4(socket.remoteAddress ?? '')
    const neighbor = remote === undefined ? undefined : this.#byAddress.get(remote)
    const refusal = this.#refusal(neighbor, socket)
    if (refusal === undefined) return
    this.#refusedConnections.add(socket.remoteAddress ?? '', neighbor?.config.name ?? null, refusal, this.#clock.now())
    // Refused at once: a limit on open connections would let strangers use up the neighbours'
    // share.
    socket.on('error', () => {}) // errors of a refused connection have no effect
    socket.resetAndDestroy()
  }

  /** Returns the reason why a connection is refused; undefined: its neighbour has accepted it. */
  #refusal(neighbor: Neighbor | undefined, socket: Socket): string | undefined {
    if (this.#phase !== 'started') return 'the speaker does not run'
    return neighbor === undefined ? 'no neighbour has this address' : neighbor.bound.accept(socket)
  }

  #onOutput({ config, rib, bound }: Neighbor, output: PeerOutput): void {
    switch (output.type) {
      case 'established':
        this.#rib.addNeighbor(rib, output.open.routerId)
        this.#options.onEstablished?.(config.name)
        return
      case 'update': {
        const error = this.#rib.update(rib, output.update, this.#clock.now())
        if (error !== undefined) bound.input({ type: 'reject', error })
        this.#scheduleRoutes()
        return
      }
      case 'down':
        this.#options.onDown?.(config.name, output.detector, output.reason)
        this.#rib.removeNeighbor(rib)
        this.#scheduleRoutes()
        return
      case 'state':
        this.#options.onSession?.(config.name, output.state, output.reason)
    }
  }

  #scheduleRoutes(): void {
    if (this.#routesScheduled || !this.#rib.hasChanges) return
    this.#routesScheduled = true
    setImmediate(() => {
      this.#routesScheduled = false
      if (this.#phase === 'stopped') return
      const changes = this.#rib.takeChanges(this.#clock.now())
      if (changes.length > 0) this.#options.onRoutes(changes, this.#rib.snapshot)
    })
  }

  /**
   * Serves deadlines after the sockets of the same turn. If this process was not scheduled for
   * longer than a hold time, the neighbours' KEEPALIVEs wait to be read, and no neighbour is dead.
   */
  #scheduleDue(): void {
    if (this.#dueScheduled) return
    this.#dueScheduled = true
    setImmediate(() => {
      this.#dueScheduled = false
      for (const { bound } of this.#neighbors.values())
        if (bound.machine.deadline() <= this.#clock.now()) bound.input({ type: 'timeout' })
        else this.#timer.arm(bound.machine.deadline())
    })
  }

  #addressed(name: string): Iterable<Neighbor> {
    return name === ALL ? this.#neighbors.values() : [this.#neighbor(name)]
  }

  #neighbor(name: string): Neighbor {
    const neighbor = this.#neighbors.get(name)
    if (neighbor === undefined) throw new RangeError(`there is no neighbour ${name}`)
    return neighbor
  }
}

/**
 * Returns the error of a failed bind. If the port is taken, it has the remedy for routing daemons,
 * which listen on all addresses by default.
 */
function portInUse(error: Error, address: string, port: number): Error {
  const { cause } = error
  if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) return error
  return new Error(
    `${address}:${port} is in use: by another cluster in this block, or by a routing daemon that listens on all addresses. ` +
      `Stop it, let it listen on its own address only (BIRD: 'strict bind', GoBGP: 'local-address-list', FRR: '-l', OpenBGPD: 'listen on'), ` +
      `or choose another block (--block auto) or another bgp.port`,
    { cause },
  )
}
