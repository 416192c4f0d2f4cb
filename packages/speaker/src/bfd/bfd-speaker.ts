import { type BfdState, CONTROL_PACKET_BYTES, type PathVerdict, YOUR_DISCRIMINATOR_OFFSET } from '@fivetuple/bfd'
import { readU32 } from '@fivetuple/packet'
import { type Clock, DeadlineTimer, monotonicClock } from '@fivetuple/runtime'
import type { BfdSpeakerStatus } from '../schemas.js'
import type { BfdFilter, BfdPeer } from './bfd-peer.js'
import { MULTIHOP_PORT, openReceiver, type Receiver, SINGLE_HOP_PORT } from './bfd-sockets.js'
import { BoundSession } from './bound-session.js'

/**
 * Shortest delay of this process that is reported to the sessions, ms. Shorter ones are far below
 * the shortest detection time.
 */
const LAG_MIN_MS = 20

export interface BfdSpeakerOptions {
  /** Dotted quad: packets come to and go from this address only. */
  readonly localAddress: string
  readonly peers: readonly BfdPeer[]
  /** The verdict on the path to a peer has changed. */
  readonly onPath: (peer: string, path: PathVerdict, reason: string) => void
  readonly onState?: (peer: string, state: BfdState, reason: string) => void
  readonly onDemandRefused?: (peer: string) => void
  /** Impairment of datagrams in both directions. Default: none. */
  readonly filter?: BfdFilter
  readonly clock?: Clock
  /** Source of jitter, discriminators and source ports: numbers of at least 0 and below 1. */
  readonly random?: () => number
}

/**
 * BFD over real UDP (RFC 5881, RFC 5883): the sessions of one local address. A socket that is bound
 * to this address alone receives the packets of each kind. Without peers it opens none.
 */
export class BfdSpeaker {
  readonly #options: BfdSpeakerOptions
  readonly #clock: Clock
  readonly #sessions = new Map<string, BoundSession>()
  readonly #byDiscriminator = new Map<number, BoundSession>()
  /** Port and address → session, for packets without Your Discriminator. */
  readonly #byAddress = new Map<string, BoundSession>()
  readonly #timer: DeadlineTimer
  readonly #receivers: Receiver[] = []
  readonly #counters = { unknownPeers: 0, unknownDiscriminators: 0, lags: 0, longestLagMs: 0 }
  #armedFor = Number.POSITIVE_INFINITY
  #turnScheduled = false
  #isClosed = false

  /** Throws a TypeError that names the peer if there are two of a name or address. */
  constructor(options: BfdSpeakerOptions) {
    this.#options = options
    this.#clock = options.clock ?? monotonicClock
    this.#timer = new DeadlineTimer(this.#clock, () => this.#onTimer())
    for (const peer of options.peers) this.#add(peer)
  }

  /** Opens the sockets, and begins to send. Rejects if an address can't be bound. */
  async start(): Promise<void> {
    const ports = new Set(this.#options.peers.map(portOf))
    for (const port of ports)
      this.#receivers.push(
        await openReceiver(this.#options.localAddress, port, (payload, address) =>
          this.#receive(payload, address, port),
        ),
      )
    await Promise.all([...this.#sessions.values()].map((session) => session.start()))
  }

  /**
   * Sends AdminDown on all sessions: the paths have not failed, but this end is about to stop (RFC
   * 5880 §6.8.16).
   */
  disable(): void {
    for (const session of this.#sessions.values()) session.input({ type: 'disable' })
  }

  /** Ends all sessions without a further packet. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer.close()
    const sockets = this.#receivers.map(({ socket }) => socket)
    await Promise.all([...sockets, ...this.#sessions.values()].map((owner) => owner.close()))
  }

  /** Sets the carrier of the link to a peer. Without effect if there is no session with it. */
  setLink(peer: string, isUp: boolean): void {
    this.#sessions.get(peer)?.input({ type: 'carrier', isUp })
  }

  status(): BfdSpeakerStatus {
    return {
      sessions: [...this.#sessions.values()].map((session) => session.status()),
      isAddressShared: this.#receivers.some(({ isAddressShared }) => isAddressShared),
      ...this.#counters,
    }
  }

  #add(peer: BfdPeer): void {
    const { localAddress, random = Math.random, filter, onPath, onState, onDemandRefused } = this.#options
    const place = `${portOf(peer)} ${peer.address}`
    if (this.#sessions.has(peer.name) || this.#byAddress.has(place))
      throw new TypeError(`BFD peer ${peer.name}: there is one of this name or address already`)
    const session = new BoundSession(
      peer,
      { localAddress, localDiscriminator: this.#unusedDiscriminator(random), clock: this.#clock, random, filter },
      {
        onPath,
        onState: onState ?? (() => {}),
        onDemandRefused: onDemandRefused ?? (() => {}),
        onDeadline: (deadline) => this.#arm(deadline),
      },
    )
    this.#sessions.set(peer.name, session)
    this.#byAddress.set(place, session)
    this.#byDiscriminator.set(session.machine.status().localDiscriminator, session)
  }

  /** RFC 5880 §6.3: unique and not 0; hard to guess, since it protects against forged packets. */
  #unusedDiscriminator(random: () => number): number {
    for (;;) {
      const discriminator = 1 + Math.floor(random() * 0xffff_ffff)
      if (!this.#byDiscriminator.has(discriminator)) return discriminator
    }
  }

  /** Selects the session of a datagram (RFC 5880 §6.3, RFC 5881 §3). */
  #receive(datagram: Uint8Array, address: string, port: number): void {
    const session = this.#byAddress.get(`${port} ${address}`)
    if (session === undefined) {
      this.#counters.unknownPeers++
      return
    }
    const yourDiscriminator = datagram.length < CONTROL_PACKET_BYTES ? 0 : readU32(datagram, YOUR_DISCRIMINATOR_OFFSET)
    if (yourDiscriminator !== 0 && this.#byDiscriminator.get(yourDiscriminator) !== session) {
      this.#counters.unknownDiscriminators++
      return
    }
    session.receive(datagram)
    this.#scheduleTurn()
  }

  #arm(deadline: number): void {
    // A deadline in the past is no delay of this process once more.
    this.#armedFor = Math.min(this.#armedFor, Math.max(deadline, this.#clock.now()))
    this.#timer.arm(deadline)
  }

  /**
   * Sends what is due. Silence is judged only after the sockets of the same turn have been read: if
   * this process was not scheduled, the packets of its peers wait there.
   */
  #onTimer(): number {
    const now = this.#clock.now()
    const lagMs = now - this.#armedFor
    this.#armedFor = Number.POSITIVE_INFINITY
    if (lagMs >= LAG_MIN_MS && Number.isFinite(lagMs)) this.#reportLag(lagMs)
    let isSilent = false
    let next = Number.POSITIVE_INFINITY
    for (const session of this.#sessions.values()) {
      if (session.machine.silenceDeadline() <= now) isSilent = true
      else if (session.machine.deadline() <= now) session.input({ type: 'timeout' })
      else next = Math.min(next, session.machine.deadline())
    }
    if (isSilent) this.#scheduleTurn()
    this.#armedFor = Math.min(this.#armedFor, next)
    return next
  }

  #reportLag(lagMs: number): void {
    this.#counters.lags++
    this.#counters.longestLagMs = Math.max(this.#counters.longestLagMs, Math.round(lagMs))
    for (const session of this.#sessions.values()) session.input({ type: 'lag', lagMs })
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return
    this.#turnScheduled = true
    setImmediate(() => {
      this.#turnScheduled = false
      if (this.#isClosed) return
      const now = this.#clock.now()
      for (const session of this.#sessions.values()) {
        session.nextTurn()
        if (session.machine.deadline() <= now) session.input({ type: 'timeout' })
      }
    })
  }
}

function portOf({ multihop }: Pick<BfdPeer, 'multihop'>): number {
  return multihop ? MULTIHOP_PORT : SINGLE_HOP_PORT
}
