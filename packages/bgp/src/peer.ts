import type { Prefix } from '@fivetuple/packet'
import { AdjRibOut, type OriginatedRoute } from './adj-rib-out.js'
import { keptConnection } from './collision.js'
import { CeaseSubcode, ErrorCode } from './constants.js'
import { type BgpError, bgpError } from './errors.js'
import type { Open } from './open.js'
import { BgpSession } from './session.js'
import type { SessionConfig, SessionCounters, SessionInput, SessionOutput } from './session-contract.js'
import { formatSessionEnd, isCollision, type SessionDetector, type SessionEnd } from './session-end.js'
import { SESSION_STATES, type SessionState } from './transitions.js'
import type { Update } from './update.js'

/**
 * Side of one of the two connections that a pair of speakers may have: dialled by us, or accepted
 * from the neighbour.
 */
export type ConnectionSide = 'dialled' | 'accepted'

/** Configuration of a peer machine: the neighbour and our side. */
export interface PeerConfig extends SessionConfig {
  /** True if connections that the neighbour dials are accepted. */
  readonly accepts: boolean
  /** NEXT_HOP of our announcements, an unsigned 32-bit number. */
  readonly nextHop: number
  /** True if the link to the neighbour has a carrier at the start. */
  readonly linkUp: boolean
}

export type PeerInput =
  | { readonly type: 'start' }
  /** Ends the session with Cease and this subcode (RFC 4486), until the next start. */
  | { readonly type: 'stop'; readonly subcode: number }
  /**
   * Carrier of the link to the neighbour. Without it the session ends at once, and no connection is
   * dialled or accepted.
   */
  | { readonly type: 'link-up' }
  | { readonly type: 'link-down' }
  /**
   * BFD has found that the path to the neighbour has failed. The session ends with Cease, BFD Down
   * (RFC 9384), and none is established until the path is restored (RFC 5882 §4.1, §4.2).
   */
  | { readonly type: 'path-failed'; readonly reason: string }
  | { readonly type: 'path-restored' }
  | { readonly type: 'connected'; readonly side: ConnectionSide }
  | { readonly type: 'transport-lost'; readonly side: ConnectionSide; readonly reason: string }
  | { readonly type: 'bytes'; readonly side: ConnectionSide; readonly bytes: Uint8Array }
  /** The bytes sent are queueing up, or no longer. */
  | { readonly type: 'blocked' | 'unblocked'; readonly side: ConnectionSide }
  /** Routes to advertise, now and in each later session, until they are withdrawn. */
  | { readonly type: 'announce'; readonly routes: readonly OriginatedRoute[] }
  | { readonly type: 'withdraw'; readonly prefixes: readonly Prefix[] }
  /** Ends the session with Cease, Administrative Reset (RFC 4486); it starts again. */
  | { readonly type: 'reset' }
  /**
   * While muted, neither KEEPALIVE nor UPDATE is sent: a fault, so that the neighbour's hold timer
   * expires. Routes that change meanwhile are advertised afterwards.
   */
  | { readonly type: 'mute'; readonly isMuted: boolean }
  /** The neighbour's routes are unacceptable: the session ends with this error. */
  | { readonly type: 'reject'; readonly error: BgpError }
  | { readonly type: 'timeout' }

export type PeerOutput =
  /** Dial the neighbour. */
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect'; readonly side: ConnectionSide }
  | { readonly type: 'send'; readonly side: ConnectionSide; readonly bytes: Uint8Array }
  | { readonly type: 'established'; readonly side: ConnectionSide; readonly open: Open }
  | { readonly type: 'update'; readonly update: Update }
  /** The established session has ended: its routes are void. */
  | { readonly type: 'down'; readonly reason: string; readonly detector: SessionDetector }
  /** The furthest state of the neighbour's connections has changed. */
  | { readonly type: 'state'; readonly state: SessionState; readonly reason: string }

/** Error of a neighbour's session. */
export interface PeerError extends SessionEnd {
  /** ms */
  readonly at: number
}

/**
 * One neighbour: up to two connections, one dialled by either side, of which collision detection
 * keeps one (RFC 4271 §6.8); the carrier of the link; and the routes to advertise.
 */
export class BgpPeer {
  readonly adjRibOut: AdjRibOut
  readonly #config: PeerConfig
  readonly #sessions: ReadonlyMap<ConnectionSide, BgpSession>
  readonly #outputs: PeerOutput[] = []
  #enabled = false
  #linkUp: boolean
  #hasPathFailed = false
  #state: SessionState = 'idle'
  #established: { readonly side: ConnectionSide; readonly open: Open; readonly since: number } | undefined
  #blocked = false
  #isMuted = false
  #stateSince = 0
  #lastError: PeerError | undefined
  #attemptError: PeerError | undefined

  constructor(config: PeerConfig) {
    this.#config = config
    this.#linkUp = config.linkUp
    this.adjRibOut = new AdjRibOut(config.localAs, config.nextHop)
    const sessions = new Map<ConnectionSide, BgpSession>()
    if (!config.passive) sessions.set('dialled', new BgpSession({ ...config, passive: false }))
    if (config.accepts) sessions.set('accepted', new BgpSession({ ...config, passive: true }))
    this.#sessions = sessions
  }

  /** Furthest state of the neighbour's connections. */
  get state(): SessionState {
    return this.#state
  }

  /** Established session: the neighbour's OPEN, and the time since which it is established, ms. */
  get established(): { readonly open: Open; readonly since: number } | undefined {
    return this.#established
  }

  /** Hold time that is proposed to the neighbour, s. */
  get proposedHoldTime(): number {
    return this.#config.holdTime
  }

  /** Time of the last change of {@link state}, ms. */
  get stateSince(): number {
    return this.#stateSince
  }

  /**
   * Last NOTIFICATION in either direction, or last loss of an established session. Failed attempts
   * do not replace it.
   */
  get lastError(): PeerError | undefined {
    return this.#lastError
  }

  /**
   * Reason why the last attempt ended before any NOTIFICATION; undefined once a session is
   * established.
   */
  get attemptError(): PeerError | undefined {
    return this.#attemptError
  }

  /**
   * Reason why a connection from the neighbour would be refused now; undefined if it would be
   * accepted. A connection without an OPEN yet is replaced by a newer one: its other end may no
   * longer exist.
   */
  get connectionRefusal(): string | undefined {
    const state = this.#sessions.get('accepted')?.state
    if (state === undefined) return 'the neighbour is only dialled'
    if (!this.#linkUp) return 'the link to the neighbour has no carrier'
    if (this.#hasPathFailed) return 'BFD reports that the path to the neighbour has failed'
    if (this.#established !== undefined) return 'a session with the neighbour is established'
    if (state === 'active' || state === 'open-sent') return undefined
    return state === 'idle'
      ? 'the session pauses after an error'
      : 'another connection of the neighbour is about to establish'
  }

  /** Returns the sums over all connections. */
  counters(): SessionCounters {
    const sum: SessionCounters = {
      messagesIn: 0,
      messagesOut: 0,
      updatesIn: 0,
      updatesOut: 0,
      updateFaults: 0,
      notificationsIn: 0,
      notificationsOut: 0,
    }
    for (const { counters } of this.#sessions.values())
      for (const name of Object.keys(sum) as (keyof SessionCounters)[]) sum[name] += counters[name]
    return sum
  }

  handle(input: PeerInput, now: number): void {
    switch (input.type) {
      case 'start':
        this.#enabled = true
        this.#startAll(now)
        break
      case 'stop':
        this.#enabled = false
        this.#toAll(input, now)
        break
      case 'link-up':
        if (this.#linkUp) break
        this.#linkUp = true
        this.#startAll(now)
        break
      case 'path-failed':
        this.#hasPathFailed = true
        this.#toAll({ type: 'stop', subcode: CeaseSubcode.BFD_DOWN, reason: input.reason }, now)
        break
      case 'path-restored':
        if (!this.#hasPathFailed) break
        this.#hasPathFailed = false
        this.#startAll(now)
        break
      case 'link-down':
        this.#linkUp = false
        this.#toAll({ type: 'cut' }, now)
        break
      case 'connected':
      case 'transport-lost':
      case 'bytes':
        this.#to(input.side, input, now)
        break
      case 'blocked':
      case 'unblocked':
        this.#to(input.side, { type: input.type }, now)
        if (input.side === this.#established?.side) {
          this.#blocked = input.type === 'blocked'
          this.#advertise(now)
        }
        break
      case 'announce':
        for (const route of input.routes) this.adjRibOut.announce(route)
        this.#advertise(now)
        break
      case 'withdraw':
        for (const prefix of input.prefixes) this.adjRibOut.withdraw(prefix)
        this.#advertise(now)
        break
      case 'reset':
        if (this.#established !== undefined) {
          const error = bgpError(ErrorCode.CEASE, CeaseSubcode.ADMINISTRATIVE_RESET, 'reset by an operator')
          this.#to(this.#established.side, { type: 'reject', error }, now)
        }
        break
      case 'mute':
        this.#isMuted = input.isMuted
        this.#toAll(input, now)
        this.#advertise(now)
        break
      case 'reject':
        if (this.#established !== undefined) this.#to(this.#established.side, input, now)
        break
      case 'timeout':
        for (const session of this.#sessions.values()) if (session.deadline() <= now) session.handle(input, now)
        break
    }
    this.#drain(now)
  }

  poll(): PeerOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const session of this.#sessions.values()) earliest = Math.min(earliest, session.deadline())
    return earliest
  }

  #to(side: ConnectionSide, input: SessionInput, now: number): void {
    this.#sessions.get(side)?.handle(input, now)
  }

  #toAll(input: SessionInput, now: number): void {
    for (const session of this.#sessions.values()) session.handle(input, now)
  }

  /** Starts the sessions unless something prevents them. */
  #startAll(now: number): void {
    if (this.#enabled && this.#linkUp && !this.#hasPathFailed) this.#toAll({ type: 'start' }, now)
  }

  #drain(now: number): void {
    for (let progress = true; progress; ) {
      progress = false
      for (const [side, session] of this.#sessions)
        for (let output = session.poll(); output !== undefined; output = session.poll()) {
          this.#onOutput(side, output, now)
          progress = true
        }
    }
  }

  #onOutput(side: ConnectionSide, output: SessionOutput, now: number): void {
    switch (output.type) {
      case 'connect':
      case 'update':
        this.#outputs.push(output)
        return
      case 'disconnect':
        this.#outputs.push({ type: 'disconnect', side })
        return
      case 'send':
        this.#outputs.push({ type: 'send', side, bytes: output.bytes })
        return
      case 'open':
        this.#resolveCollision(side, output.open, now)
        return
      case 'established':
        this.#onEstablished(side, output.open, now)
        return
      case 'refresh':
        this.adjRibOut.refresh()
        this.#advertise(now)
        return
      case 'ended':
        this.#onEnded(side, output.end, output.wasEstablished, now)
        return
      case 'state':
        this.#onState(output.reason, now)
    }
  }

  /**
   * An OPEN has come in on `side`: with it we know whether the two connections have the same
   * speakers at their ends.
   */
  #resolveCollision(side: ConnectionSide, open: Open, now: number): void {
    const other = side === 'dialled' ? 'accepted' : 'dialled'
    const otherState = this.#sessions.get(other)?.state
    if (otherState === 'established') {
      this.#to(side, { type: 'collision' }, now)
    } else if (otherState === 'open-confirm') {
      const { routerId, localAs } = this.#config
      const kept = keptConnection({ routerId, as: localAs }, open)
      this.#to(kept === 'dialled' ? 'accepted' : 'dialled', { type: 'collision' }, now)
    }
  }

  #onEstablished(side: ConnectionSide, open: Open, now: number): void {
    this.#established = { side, open, since: now }
    this.#attemptError = undefined
    this.#blocked = false
    // While this session stands, nobody is dialled.
    if (side === 'accepted') this.#to('dialled', { type: 'stop', subcode: CeaseSubcode.CONNECTION_COLLISION }, now)
    this.#outputs.push({ type: 'established', side, open })
    this.adjRibOut.restart()
    this.#advertise(now)
  }

  #onEnded(side: ConnectionSide, end: SessionEnd, wasEstablished: boolean, now: number): void {
    // The end of the second connection does not affect the established session.
    if (this.#established !== undefined && this.#established.side !== side) return
    if (end.kind === 'lost' && !wasEstablished) this.#attemptError = { ...end, at: now }
    else if (wasEstablished || !isCollision(end)) this.#lastError = { ...end, at: now }
    if (this.#established === undefined) return
    this.#established = undefined
    this.#outputs.push({ type: 'down', reason: formatSessionEnd(end), detector: end.detector })
    if (side === 'accepted' && this.#enabled && this.#linkUp && !this.#hasPathFailed)
      this.#to('dialled', { type: 'resume' }, now)
  }

  #onState(reason: string, now: number): void {
    let furthest = 0
    for (const { state } of this.#sessions.values()) furthest = Math.max(furthest, SESSION_STATES.indexOf(state))
    const state = SESSION_STATES[furthest]!
    if (state === this.#state) return
    this.#state = state
    this.#stateSince = now
    this.#outputs.push({ type: 'state', state, reason })
  }

  /** Advertises changed routes, unless earlier messages are still queueing up. */
  #advertise(now: number): void {
    if (this.#established === undefined || this.#blocked || this.#isMuted) return
    const { side, open } = this.#established
    this.#to(side, { type: 'updates', messages: this.adjRibOut.takeMessages(open.fourOctetAs) }, now)
  }
}
