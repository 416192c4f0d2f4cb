import { createServer, type Server, type Socket } from 'node:net'
import {
  AdjRibOut,
  BgpSession,
  CeaseSubcode,
  keptConnection,
  type OriginatedRoute,
  Rib,
  type RibChange,
  type RibNeighbor,
  type SessionOutput,
  SessionState,
} from '@fivetuple/bgp'
import { type Prefix, parseIpv4 } from '@fivetuple/packet'
import { type Clock, DeadlineTimer, listenExclusive, monotonicClock } from '@fivetuple/runtime'
import { BoundSession } from './bound-session.js'

const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 2_000

export interface SpeakerNeighbor {
  readonly name: string
  /** Dotted quad: where it is dialled, and where its connections must come from. */
  readonly address: string
  /** Port to dial. */
  readonly port: number
  readonly as: number
  /** Never dialled: it dials us. */
  readonly passive: boolean
  readonly allowedPrefixes: readonly Prefix[]
  readonly prefixLimit: number
  /** NEXT_HOP of what we announce to it, dotted quad; without it our own address. */
  readonly nextHop?: string
  /** Whether the link that leads to it has a carrier at the start; without it, yes. */
  readonly linkUp?: boolean
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
  /** Whether to take connections. */
  readonly listen: boolean
  readonly neighbors: readonly SpeakerNeighbor[]
  /** The routes have changed; called at most once per turn of the event loop. */
  readonly onRoutes: (changes: readonly RibChange[]) => void
  readonly onSession?: (neighbor: string, state: string, reason: string | undefined) => void
  readonly clock?: Clock
}

/** One neighbour's session, for people. */
export interface SpeakerSession {
  readonly neighbor: string
  readonly address: string
  readonly as: number
  readonly state: string
  readonly prefixesIn: number
  readonly prefixesOut: number
  readonly lastError: string | null
}

interface Peer {
  readonly config: SpeakerNeighbor
  readonly rib: RibNeighbor
  readonly out: AdjRibOut
  /** The connection that we dial; undefined for a passive neighbour. */
  readonly active: BoundSession | undefined
  /** The connection that the peer dials; undefined when we don't listen. */
  readonly passive: BoundSession | undefined
  established: { readonly bound: BoundSession; readonly fourOctetAs: boolean } | undefined
  linkUp: boolean
}

/** A BGP speaker on real TCP: sessions to configured neighbours, the routes they announce, and those we announce. */
export class Speaker {
  /** Connections from addresses that are no neighbour's, or that came at a bad moment. */
  refusedConnections = 0
  readonly #options: SpeakerOptions
  readonly #clock: Clock
  readonly #rib: Rib
  readonly #peers: Peer[]
  readonly #timer: DeadlineTimer
  #server: Server | undefined
  #routesScheduled = false
  #stopped = false

  constructor(options: SpeakerOptions) {
    this.#options = options
    this.#clock = options.clock ?? monotonicClock
    this.#rib = new Rib(options.as)
    this.#timer = new DeadlineTimer(this.#clock, () => this.#onDue())
    this.#peers = options.neighbors.map((neighbor) => this.#createPeer(neighbor))
  }

  /** Listens, and starts all sessions whose links are up. Rejects when the address can't be bound. */
  async start(): Promise<void> {
    const { listen, localAddress, port } = this.#options
    if (listen) {
      this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket))
      await listenExclusive(this.#server, localAddress, port)
    }
    for (const peer of this.#peers) if (peer.linkUp) this.#startPeer(peer)
  }

  /** Ends all sessions with Cease, administrative shutdown (RFC 4486), and frees the address. */
  async stop(): Promise<void> {
    this.#stopped = true
    const server = this.#server
    const closed = server && new Promise<void>((resolve) => server.close(() => resolve()))
    for (const peer of this.#peers)
      for (const bound of [peer.active, peer.passive])
        bound?.input({ type: 'stop', subcode: CeaseSubcode.ADMINISTRATIVE_SHUTDOWN })
    this.#timer.close()
    await closed
  }

  /** Tells of the carrier of the link to a neighbour: without it the session ends at once. */
  setLink(neighbor: string, up: boolean): void {
    const peer = this.#peer(neighbor)
    if (peer.linkUp === up) return
    peer.linkUp = up
    if (up) this.#startPeer(peer)
    else for (const bound of [peer.active, peer.passive]) bound?.input({ type: 'link-down' })
  }

  /** Announces a route to a neighbour, now and on every session to come, until it is withdrawn. */
  announce(neighbor: string, route: OriginatedRoute): void {
    const peer = this.#peer(neighbor)
    const messages = peer.out.announce(route, peer.established?.fourOctetAs ?? true)
    peer.established?.bound.send(messages)
  }

  withdraw(neighbor: string, prefix: Prefix): void {
    const peer = this.#peer(neighbor)
    const messages = peer.out.withdraw(prefix)
    peer.established?.bound.send(messages)
  }

  sessions(): SpeakerSession[] {
    return this.#peers.map(({ config, rib, out, active, passive, established }) => {
      const bound = established?.bound ?? furthest(active, passive)
      return {
        neighbor: config.name,
        address: config.address,
        as: config.as,
        state: bound.session.stateName,
        prefixesIn: this.#rib.prefixCount(rib),
        prefixesOut: established === undefined ? 0 : out.size,
        lastError: bound.session.lastError ?? null,
      }
    })
  }

  #createPeer(config: SpeakerNeighbor): Peer {
    const { as, routerId, holdTime, listen, localAddress } = this.#options
    const address = parseIpv4(config.address)
    const nextHop = parseIpv4(config.nextHop ?? localAddress)
    if (address === undefined || nextHop === undefined)
      throw new TypeError(`neighbour ${config.name}: address and next hop must be dotted quads`)
    const bind = (passive: boolean): BoundSession =>
      new BoundSession({
        session: new BgpSession({
          localAs: as,
          routerId,
          peerAs: config.as,
          holdTime,
          passive,
          retryFirstMs: RETRY_FIRST_MS,
          retryMaxMs: RETRY_MAX_MS,
        }),
        clock: this.#clock,
        remote: { address: config.address, port: config.port },
        localAddress,
        onOutput: (output, bound) => this.#onOutput(peer, bound, output),
        onDeadline: (deadline) => this.#timer.arm(deadline),
      })
    const peer: Peer = {
      config,
      rib: {
        name: config.name,
        address,
        allowedPrefixes: config.allowedPrefixes,
        prefixLimit: config.prefixLimit,
      },
      out: new AdjRibOut(as, nextHop),
      active: config.passive ? undefined : bind(false),
      passive: listen ? bind(true) : undefined,
      established: undefined,
      linkUp: config.linkUp ?? true,
    }
    return peer
  }

  #startPeer(peer: Peer): void {
    if (this.#stopped) return
    peer.active?.input({ type: 'start' })
    peer.passive?.input({ type: 'start' })
  }

  #accept(socket: Socket): void {
    const remote = parseIpv4(socket.remoteAddress ?? '')
    const peer = this.#peers.find(({ rib }) => rib.address === remote)
    const bound = peer?.passive
    const welcome =
      peer?.linkUp === true && peer.established === undefined && bound?.session.state === SessionState.ACTIVE
    if (!welcome) {
      this.refusedConnections++
      socket.on('error', () => {})
      socket.destroy()
      return
    }
    bound.adopt(socket)
  }

  #onOutput(peer: Peer, bound: BoundSession, output: SessionOutput): void {
    switch (output.type) {
      case 'open':
        this.#resolveCollision(peer, bound, output.open.routerId)
        return
      case 'established':
        peer.established = { bound, fourOctetAs: output.fourOctetAs }
        // The other way in is closed while this session stands.
        if (bound !== peer.active) peer.active?.input({ type: 'link-down' })
        bound.send(peer.out.all(output.fourOctetAs))
        return
      case 'refresh':
        bound.send(peer.out.all(peer.established?.fourOctetAs ?? true))
        return
      case 'update': {
        const error = this.#rib.update(peer.rib, output.update, this.#clock.now())
        if (error !== undefined) bound.input({ type: 'reject', error })
        this.#scheduleRoutes()
        return
      }
      case 'down':
        peer.established = undefined
        this.#rib.removeNeighbor(peer.rib)
        this.#scheduleRoutes()
        if (bound !== peer.active && peer.linkUp && !this.#stopped) peer.active?.input({ type: 'start' })
        return
      case 'state':
        this.#options.onSession?.(peer.config.name, bound.session.stateName, output.reason)
    }
  }

  /** RFC 4271 §6.8, when an OPEN has come in on `bound`. */
  #resolveCollision(peer: Peer, bound: BoundSession, remoteId: number): void {
    const other = bound === peer.active ? peer.passive : peer.active
    if (other === undefined) return
    if (peer.established !== undefined) {
      bound.input({ type: 'collision' })
      return
    }
    if (other.session.state !== SessionState.OPEN_CONFIRM) return
    const kept = keptConnection(this.#options.routerId, remoteId) === 'ours' ? peer.active : peer.passive
    const lost = kept === bound ? other : bound
    lost.input({ type: 'collision' })
  }

  #scheduleRoutes(): void {
    if (this.#routesScheduled || !this.#rib.hasChanges) return
    this.#routesScheduled = true
    setImmediate(() => {
      this.#routesScheduled = false
      const changes = this.#rib.takeChanges(this.#clock.now())
      if (changes.length > 0) this.#options.onRoutes(changes)
    })
  }

  #onDue(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { active, passive } of this.#peers) {
      for (const bound of [active, passive]) {
        if (bound === undefined) continue
        if (bound.session.deadline() <= this.#clock.now()) bound.input({ type: 'timeout' })
        next = Math.min(next, bound.session.deadline())
      }
    }
    return next
  }

  #peer(name: string): Peer {
    const peer = this.#peers.find(({ config }) => config.name === name)
    if (peer === undefined) throw new RangeError(`there is no neighbour ${name}`)
    return peer
  }
}

/** Of a neighbour's two sessions the one that has come further. */
function furthest(active: BoundSession | undefined, passive: BoundSession | undefined): BoundSession {
  if (active === undefined || passive === undefined) return (active ?? passive)!
  return active.session.state >= passive.session.state ? active : passive
}
