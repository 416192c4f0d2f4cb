import { CeaseSubcode, ErrorCode, FsmSubcode, MessageType, OpenSubcode } from './constants.js'
import { type BgpError, bgpError, formatNotification } from './errors.js'
import { encodeKeepalive, type Frame, MessageFramer } from './message.js'
import { decodeNotification, encodeNotification } from './notification.js'
import { decodeOpen, encodeOpen, IPV4_UNICAST, type Open } from './open.js'
import { SESSION_STATE_NAMES, SessionEvent, SessionState, TRANSITIONS } from './transitions.js'
import { decodeUpdate, type Update } from './update.js'

const NEVER = Number.POSITIVE_INFINITY
/** Hold time until the peer's OPEN has been read (RFC 4271 §8.2.2 suggests 4 minutes; on one machine seconds are plenty). */
const OPEN_HOLD_MS = 10_000

export interface SessionConfig {
  readonly localAs: number
  readonly routerId: number
  readonly peerAs: number
  /** Proposed hold time, seconds: 0 (none) or at least 3. */
  readonly holdTime: number
  /** Waits for the peer to dial and never dials itself. */
  readonly passive: boolean
  /** First and longest pause between attempts, ms; doubles from one to the other. */
  readonly retryFirstMs: number
  readonly retryMaxMs: number
}

export type SessionInput =
  | { readonly type: 'start' }
  /** Ends the session with Cease and the given subcode (RFC 4486); stays idle until the next start. */
  | { readonly type: 'stop'; readonly subcode: number }
  /** The link to the peer has lost its carrier: ends at once, and nothing can be said any more. Until the next start. */
  | { readonly type: 'link-down' }
  /** A connection is up: the one that was asked for, or the peer's. */
  | { readonly type: 'connected' }
  /** The connection, or the attempt at one, is gone. */
  | { readonly type: 'transport-lost'; readonly reason: string }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  /** The other connection to the same peer is the one to keep (RFC 4271 §6.8). */
  | { readonly type: 'collision' }
  /** The owner found the peer's routes unacceptable. */
  | { readonly type: 'reject'; readonly error: BgpError }
  | { readonly type: 'timeout' }

export type SessionOutput =
  | { readonly type: 'connect' }
  | { readonly type: 'disconnect' }
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  /** The peer's OPEN has been accepted: the moment to look for a collision. */
  | { readonly type: 'open'; readonly open: Open }
  | { readonly type: 'established'; readonly open: Open; readonly fourOctetAs: boolean }
  | { readonly type: 'update'; readonly update: Update }
  /** The peer asks for all routes again (RFC 2918). */
  | { readonly type: 'refresh' }
  /** An established session has ended: its routes are void. */
  | { readonly type: 'down'; readonly reason: string }
  | { readonly type: 'state'; readonly state: SessionState; readonly reason: string }

/** Counters of one session over all its connections. */
export interface SessionCounters {
  messagesIn: number
  messagesOut: number
  updatesIn: number
  /** Routes taken as withdrawn because of a bad attribute (RFC 7606). */
  updateFaults: number
}

/**
 * The BGP session machine (RFC 4271 §8): one peer, one connection at a time. Bytes, connection events and time go in;
 * bytes to send, wishes for a connection and routes come out.
 */
export class BgpSession {
  readonly counters: SessionCounters = { messagesIn: 0, messagesOut: 0, updatesIn: 0, updateFaults: 0 }
  readonly #config: SessionConfig
  readonly #outputs: SessionOutput[] = []
  #state: SessionState = SessionState.IDLE
  #framer = new MessageFramer()
  #peerOpen: Open | undefined
  #lastError: string | undefined
  /** Wanted by the owner: an idle session starts again by itself. */
  #enabled = false
  #retryMs: number
  #holdMs = 0
  // Deadlines, ms.
  #idleUntil = NEVER
  #retryAt = NEVER
  #holdAt = NEVER
  #keepaliveAt = NEVER

  constructor(config: SessionConfig) {
    this.#config = config
    this.#retryMs = config.retryFirstMs
  }

  get state(): SessionState {
    return this.#state
  }

  get stateName(): (typeof SESSION_STATE_NAMES)[number] {
    return SESSION_STATE_NAMES[this.#state]
  }

  /** What the peer's OPEN said, while there is a connection on which it did. */
  get peerOpen(): Open | undefined {
    return this.#peerOpen
  }

  /** Why the last connection ended. */
  get lastError(): string | undefined {
    return this.#lastError
  }

  /** Negotiated hold time, ms; 0: none. */
  get holdMs(): number {
    return this.#holdMs
  }

  handle(input: SessionInput, now: number): void {
    switch (input.type) {
      case 'start':
        this.#enabled = true
        if (this.#state === SessionState.IDLE) this.#start(now)
        return
      case 'stop':
        this.#enabled = false
        this.#idleUntil = NEVER
        if (this.#state !== SessionState.IDLE)
          this.#fail(SessionEvent.STOP, bgpError(ErrorCode.CEASE, input.subcode, 'stopped here'), now)
        return
      case 'link-down':
        this.#enabled = false
        this.#idleUntil = NEVER
        if (this.#state !== SessionState.IDLE) this.#drop(SessionEvent.STOP, 'the link has no carrier', now)
        return
      case 'connected':
        this.#onConnected(now)
        return
      case 'transport-lost':
        if (this.#state !== SessionState.IDLE) this.#onTransportLost(input.reason, now)
        return
      case 'bytes':
        this.#onBytes(input.bytes, now)
        return
      case 'collision':
        this.#fail(
          SessionEvent.COLLISION,
          bgpError(ErrorCode.CEASE, CeaseSubcode.CONNECTION_COLLISION, 'another connection is kept'),
          now,
        )
        return
      case 'reject':
        if (this.#state === SessionState.ESTABLISHED) this.#fail(SessionEvent.MESSAGE_ERROR, input.error, now)
        return
      case 'timeout':
        this.#onTimeout(now)
    }
  }

  poll(): SessionOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): number {
    return Math.min(this.#idleUntil, this.#retryAt, this.#holdAt, this.#keepaliveAt)
  }

  /** A message went out besides those that the session sends itself: the next KEEPALIVE can wait (RFC 4271 §8.2.2). */
  sentUpdate(now: number): void {
    this.counters.messagesOut++
    if (this.#keepaliveAt !== NEVER) this.#keepaliveAt = now + this.#holdMs / 3
  }

  // ---- time

  #onTimeout(now: number): void {
    if (now >= this.#idleUntil) {
      this.#idleUntil = NEVER
      if (this.#enabled && this.#state === SessionState.IDLE) this.#start(now)
    }
    if (now >= this.#holdAt) {
      // Event 10.
      this.#fail(
        SessionEvent.HOLD_EXPIRED,
        bgpError(ErrorCode.HOLD_TIMER_EXPIRED, 0, 'nothing heard within the hold time'),
        now,
      )
      return
    }
    if (now >= this.#keepaliveAt) {
      // Event 11.
      this.#send(encodeKeepalive())
      this.#keepaliveAt = now + this.#holdMs / 3
    }
    if (now >= this.#retryAt) {
      // Event 9.
      this.#retryAt = NEVER
      if (this.#state === SessionState.CONNECT) this.#outputs.push({ type: 'disconnect' })
      this.#move(SessionEvent.RETRY_EXPIRED, 'retrying')
      this.#dial(now)
    }
  }

  #start(now: number): void {
    if (this.#config.passive) {
      this.#move(SessionEvent.START_PASSIVE, 'waiting for the peer')
      return
    }
    this.#move(SessionEvent.START, 'dialling')
    this.#dial(now)
  }

  #dial(now: number): void {
    this.#outputs.push({ type: 'connect' })
    this.#retryAt = now + this.#config.retryMaxMs
  }

  // ---- transport

  #onConnected(now: number): void {
    if (this.#state !== SessionState.CONNECT && this.#state !== SessionState.ACTIVE) return
    const { localAs, holdTime, routerId } = this.#config
    this.#framer = new MessageFramer()
    this.#peerOpen = undefined
    this.#retryAt = NEVER
    this.#holdAt = now + OPEN_HOLD_MS
    this.#send(
      encodeOpen({ as: localAs, holdTime, routerId, fourOctetAs: true, routeRefresh: true, families: [IPV4_UNICAST] }),
    )
    this.#move(SessionEvent.CONNECTED, 'connected')
  }

  #onTransportLost(reason: string, now: number): void {
    if (this.#state >= SessionState.OPEN_CONFIRM) {
      this.#drop(SessionEvent.TRANSPORT_LOST, reason, now)
      return
    }
    // Event 18 before the peer has been heard: wait for its connection, or dial again.
    this.#lastError = reason
    this.#holdAt = NEVER
    this.#move(SessionEvent.TRANSPORT_LOST, reason)
    if (!this.#config.passive) {
      this.#retryAt = now + this.#retryMs
      this.#retryMs = Math.min(this.#retryMs * 2, this.#config.retryMaxMs)
    }
  }

  // ---- messages

  #onBytes(bytes: Uint8Array, now: number): void {
    if (this.#state < SessionState.OPEN_SENT) return
    const framer = this.#framer
    const result = framer.push(bytes, (frame) => {
      this.#onFrame(frame, now)
      return this.#framer === framer && this.#state >= SessionState.OPEN_SENT
    })
    if (!result.ok) this.#fail(SessionEvent.MESSAGE_ERROR, result.error, now)
  }

  #onFrame({ type, body }: Frame, now: number): void {
    this.counters.messagesIn++
    if (this.#state === SessionState.ESTABLISHED && this.#holdMs > 0) this.#holdAt = now + this.#holdMs
    switch (type) {
      case MessageType.OPEN:
        this.#onOpen(body, now)
        return
      case MessageType.KEEPALIVE:
        this.#onKeepalive(now)
        return
      case MessageType.UPDATE:
        this.#onUpdate(body, now)
        return
      case MessageType.NOTIFICATION: {
        const { code, subcode } = decodeNotification(body)
        this.#drop(SessionEvent.NOTIFICATION, `the peer said ${formatNotification(code, subcode)}`, now)
        return
      }
      case MessageType.ROUTE_REFRESH:
        if (this.#state === SessionState.ESTABLISHED) this.#outputs.push({ type: 'refresh' })
        else this.#unexpected(SessionEvent.UPDATE, now)
    }
  }

  #onOpen(body: Uint8Array, now: number): void {
    if (this.#state !== SessionState.OPEN_SENT) {
      this.#unexpected(SessionEvent.OPEN, now)
      return
    }
    const open = decodeOpen(body)
    const error = open.ok ? this.#unacceptable(open.value) : open.error
    if (error !== undefined || !open.ok) {
      this.#fail(SessionEvent.MESSAGE_ERROR, error!, now)
      return
    }
    // Event 19.
    this.#peerOpen = open.value
    this.#holdMs = Math.min(this.#config.holdTime, open.value.holdTime) * 1000
    this.#send(encodeKeepalive())
    this.#holdAt = this.#holdMs > 0 ? now + this.#holdMs : NEVER
    this.#keepaliveAt = this.#holdMs > 0 ? now + this.#holdMs / 3 : NEVER
    this.#move(SessionEvent.OPEN, 'OPEN received')
    this.#outputs.push({ type: 'open', open: open.value })
  }

  /** RFC 4271 §6.2. */
  #unacceptable(open: Open): BgpError | undefined {
    const { peerAs, routerId } = this.#config
    if (open.as !== peerAs)
      return bgpError(ErrorCode.OPEN_MESSAGE, OpenSubcode.BAD_PEER_AS, `the peer is in AS ${open.as}, not ${peerAs}`)
    if (open.routerId === routerId)
      return bgpError(ErrorCode.OPEN_MESSAGE, OpenSubcode.BAD_BGP_IDENTIFIER, 'the peer has our own BGP identifier')
    return undefined
  }

  #onKeepalive(now: number): void {
    if (this.#state === SessionState.ESTABLISHED) return
    if (this.#state !== SessionState.OPEN_CONFIRM) {
      this.#unexpected(SessionEvent.KEEPALIVE, now)
      return
    }
    // Event 26.
    this.#retryMs = this.#config.retryFirstMs
    if (this.#holdMs > 0) this.#holdAt = now + this.#holdMs
    this.#move(SessionEvent.KEEPALIVE, 'KEEPALIVE received')
    const open = this.#peerOpen!
    this.#outputs.push({ type: 'established', open, fourOctetAs: open.fourOctetAs })
  }

  #onUpdate(body: Uint8Array, now: number): void {
    if (this.#state !== SessionState.ESTABLISHED) {
      this.#unexpected(SessionEvent.UPDATE, now)
      return
    }
    const update = decodeUpdate(body, this.#peerOpen!.fourOctetAs)
    if (!update.ok) {
      this.#fail(SessionEvent.MESSAGE_ERROR, update.error, now)
      return
    }
    this.counters.updatesIn++
    if (update.value.fault !== undefined) this.counters.updateFaults++
    this.#outputs.push({ type: 'update', update: update.value })
  }

  /** A message that the state does not expect (RFC 6608). */
  #unexpected(event: SessionEvent, now: number): void {
    const subcode =
      this.#state === SessionState.OPEN_SENT
        ? FsmSubcode.IN_OPEN_SENT
        : this.#state === SessionState.OPEN_CONFIRM
          ? FsmSubcode.IN_OPEN_CONFIRM
          : FsmSubcode.IN_ESTABLISHED
    this.#fail(event, bgpError(ErrorCode.FINITE_STATE_MACHINE, subcode, `unexpected message in ${this.stateName}`), now)
  }

  // ---- endings

  /** Tells the peer why, then drops the connection. */
  #fail(event: SessionEvent, error: BgpError, now: number): void {
    if (this.#state >= SessionState.OPEN_SENT) this.#send(encodeNotification(error))
    this.#drop(event, `${formatNotification(error.code, error.subcode)}: ${error.message}`, now)
  }

  #drop(event: SessionEvent, reason: string, now: number): void {
    const wasEstablished = this.#state === SessionState.ESTABLISHED
    this.#lastError = reason
    this.#outputs.push({ type: 'disconnect' })
    this.#move(event, reason)
    if (wasEstablished) this.#outputs.push({ type: 'down', reason })
    this.#framer = new MessageFramer()
    this.#peerOpen = undefined
    this.#holdMs = 0
    this.#retryAt = NEVER
    this.#holdAt = NEVER
    this.#keepaliveAt = NEVER
    if (!this.#enabled) return
    if (this.#config.passive) this.#start(now)
    else {
      this.#idleUntil = now + this.#retryMs
      this.#retryMs = Math.min(this.#retryMs * 2, this.#config.retryMaxMs)
    }
  }

  #send(bytes: Uint8Array): void {
    this.counters.messagesOut++
    this.#outputs.push({ type: 'send', bytes })
  }

  #move(event: SessionEvent, reason: string): void {
    const next = TRANSITIONS[this.#state]![event]!
    if (next === this.#state) return
    this.#state = next
    this.#outputs.push({ type: 'state', state: next, reason })
  }
}
