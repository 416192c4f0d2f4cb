import { strict as assert } from 'node:assert'
import { CeaseSubcode, ErrorCode, FsmSubcode, MessageType, OpenSubcode } from './constants.js'
import { type BgpError, bgpError } from './errors.js'
import { JitteredBackoff } from './jittered-backoff.js'
import { encodeKeepalive, type Frame, MessageFramer } from './message.js'
import { decodeNotification, encodeNotification } from './notification.js'
import { decodeOpen, encodeOpen, IPV4_UNICAST, type Open } from './open.js'
import { decodeRouteRefresh } from './route-refresh.js'
import type { SessionConfig, SessionCounters, SessionInput, SessionOutput } from './session-contract.js'
import { formatSessionEnd, lostEnd, receivedEnd, type SessionEnd, sentEnd } from './session-end.js'
import { SessionTimers } from './session-timers.js'
import { type SessionEvent, type SessionState, TRANSITIONS } from './transitions.js'
import { decodeUpdate } from './update.js'

/**
 * Hold time until the peer's OPEN has arrived (RFC 4271 §8.2.2 suggests 4 minutes; on one machine
 * seconds are enough).
 */
const OPEN_HOLD_MS = 10_000
/**
 * Time that a peer may leave everything unread if there is no hold time to derive it from
 * (RFC 9687 §4).
 */
const SEND_HOLD_DEFAULT_MS = 480_000

/** Offset of the type in a message (RFC 4271 §4.1). */
const TYPE_OFFSET = 18

const MESSAGE_EVENTS: Readonly<Record<number, SessionEvent>> = {
  [MessageType.OPEN]: 'open',
  [MessageType.UPDATE]: 'update',
  [MessageType.NOTIFICATION]: 'notification',
  [MessageType.KEEPALIVE]: 'keepalive',
  [MessageType.ROUTE_REFRESH]: 'update',
}

/** Subcode per state in which an unexpected message arrived (RFC 6608). */
const UNEXPECTED_IN: Readonly<Record<SessionState, number>> = {
  idle: FsmSubcode.UNSPECIFIC,
  connect: FsmSubcode.UNSPECIFIC,
  active: FsmSubcode.UNSPECIFIC,
  'open-sent': FsmSubcode.IN_OPEN_SENT,
  'open-confirm': FsmSubcode.IN_OPEN_CONFIRM,
  established: FsmSubcode.IN_ESTABLISHED,
}

/**
 * BGP session machine (RFC 4271 §8): one peer, one connection at a time. Inputs are bytes,
 * connection events and the time. Outputs are bytes to send, requests for a connection and routes.
 */
export class BgpSession {
  readonly counters: SessionCounters = {
    messagesIn: 0,
    messagesOut: 0,
    updatesIn: 0,
    updatesOut: 0,
    updateFaults: 0,
    notificationsIn: 0,
    notificationsOut: 0,
  }
  readonly #config: SessionConfig
  readonly #outputs: SessionOutput[] = []
  readonly #timers = new SessionTimers()
  readonly #backoff: JitteredBackoff
  #state: SessionState = 'idle'
  #framer = new MessageFramer()
  #peerOpen: Open | undefined
  /** True while the owner wants a session: an idle session starts again by itself. */
  #enabled = false
  /** Negotiated hold time, ms; 0: none. */
  #holdMs = 0
  #establishedAt = 0
  #isMuted = false

  constructor(config: SessionConfig) {
    assert(config.holdTime === 0 || config.holdTime >= 3, 'a hold time of 1 or 2 s is not allowed') // RFC 4271 §4.2
    this.#config = config
    this.#backoff = new JitteredBackoff(config.retryFirstMs, config.retryMaxMs, config.random)
  }

  get state(): SessionState {
    return this.#state
  }

  /** OPEN of the peer, from open-confirm on. */
  get peerOpen(): Open | undefined {
    return this.#peerOpen
  }

  /** Negotiated hold time, ms; 0: none, or not negotiated yet. */
  get holdMs(): number {
    return this.#holdMs
  }

  handle(input: SessionInput, now: number): void {
    switch (input.type) {
      case 'start':
        this.#enabled = true
        this.#backoff.reset()
        if (this.#state === 'idle') this.#start(now)
        return
      case 'resume':
        this.#enabled = true
        if (this.#state === 'idle' && !this.#timers.isSet('idle-hold'))
          this.#timers.set('idle-hold', now + this.#backoff.next())
        return
      case 'stop':
        this.#disable()
        if (this.#state !== 'idle')
          this.#fail('stop', bgpError(ErrorCode.CEASE, input.subcode, input.reason ?? 'stopped here'), now)
        return
      case 'cut':
        this.#disable()
        if (this.#state !== 'idle') this.#end('stop', lostEnd('the link has no carrier', 'carrier'), now)
        return
      case 'connected':
        if (this.#state === 'connect' || this.#state === 'active') this.#onConnected(now)
        return
      case 'transport-lost':
        if (this.#state !== 'idle') this.#onTransportLost(input.reason, now)
        return
      case 'bytes':
        this.#onBytes(input.bytes, now)
        return
      case 'blocked':
        if (!this.#timers.isSet('send-hold'))
          this.#timers.set('send-hold', now + (2 * this.#holdMs || SEND_HOLD_DEFAULT_MS))
        return
      case 'unblocked':
        this.#timers.clear('send-hold')
        return
      case 'updates':
        this.#sendUpdates(input.messages, now)
        return
      case 'collision': {
        if (!this.#isConnected) return
        const error = bgpError(ErrorCode.CEASE, CeaseSubcode.CONNECTION_COLLISION, 'another connection is kept')
        this.#fail('collision', error, now)
        return
      }
      case 'mute':
        this.#isMuted = input.isMuted
        return
      case 'reject':
        if (this.#state === 'established') this.#fail('message-error', input.error, now)
        return
      case 'timeout':
        for (let due = this.#timers.takeDue(now); due !== undefined; due = this.#timers.takeDue(now))
          this.#onTimer[due](now)
    }
  }

  poll(): SessionOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): number {
    return this.#timers.earliest
  }

  // ---- time

  readonly #onTimer = {
    'idle-hold': (now: number) => {
      if (this.#enabled && this.#state === 'idle') this.#start(now)
    },
    'connect-retry': (now: number) => {
      if (this.#state === 'connect') this.#outputs.push({ type: 'disconnect' }) // the attempt takes too long
      this.#move('retry-expired', 'retrying')
      this.#dial(now)
    },
    hold: (now: number) => {
      const error = bgpError(ErrorCode.HOLD_TIMER_EXPIRED, 0, 'nothing heard within the hold time')
      this.#fail('hold-expired', error, now)
    },
    'send-hold': (now: number) => {
      const error = bgpError(ErrorCode.SEND_HOLD_TIMER_EXPIRED, 0, 'the peer does not read')
      this.#fail('send-hold-expired', error, now)
    },
    keepalive: (now: number) => {
      this.#send(encodeKeepalive())
      this.#move('keepalive-expired', 'KEEPALIVE sent')
      this.#armKeepalive(now)
    },
  }

  #start(now: number): void {
    this.#timers.clear('idle-hold')
    if (this.#config.passive) {
      this.#move('start-passive', 'waiting for the peer')
      return
    }
    this.#move('start', 'dialling')
    this.#dial(now)
  }

  #dial(now: number): void {
    this.#outputs.push({ type: 'connect' })
    this.#timers.set('connect-retry', now + this.#config.retryMaxMs)
  }

  /** A third of the hold time (RFC 4271 §10), less up to a quarter for jitter. */
  #armKeepalive(now: number): void {
    if (this.#holdMs > 0)
      this.#timers.set('keepalive', now + (this.#holdMs / 3) * (0.75 + 0.25 * this.#config.random()))
  }

  #armHold(now: number): void {
    if (this.#holdMs > 0) this.#timers.set('hold', now + this.#holdMs)
    else this.#timers.clear('hold')
  }

  // ---- transport

  #onConnected(now: number): void {
    const { localAs, holdTime, routerId } = this.#config
    this.#framer = new MessageFramer()
    this.#timers.clear('connect-retry')
    this.#timers.set('hold', now + OPEN_HOLD_MS)
    this.#send(
      encodeOpen({ as: localAs, holdTime, routerId, fourOctetAs: true, routeRefresh: true, families: [IPV4_UNICAST] }),
    )
    this.#move('connected', 'connected')
  }

  #onTransportLost(reason: string, now: number): void {
    if (TRANSITIONS[this.#state]['transport-lost'] === 'idle') {
      this.#end('transport-lost', lostEnd(`the connection is gone: ${reason}`), now)
      return
    }
    // Event 18 before the peer has been heard: wait for its connection, or dial again after a
    // pause.
    this.#timers.clearAll()
    this.#outputs.push({ type: 'ended', end: lostEnd(reason), wasEstablished: false })
    this.#move('transport-lost', reason)
    if (!this.#config.passive) this.#timers.set('connect-retry', now + this.#backoff.next())
  }

  // ---- messages

  #onBytes(bytes: Uint8Array, now: number): void {
    const framer = this.#framer
    const isOpen = () => this.#framer === framer && this.#isConnected
    if (!isOpen()) return
    const result = framer.push(bytes, (frame) => {
      this.#onFrame(frame, now)
      return isOpen()
    })
    if (!result.ok) this.#fail('message-error', result.error, now)
  }

  #onFrame({ type, body }: Frame, now: number): void {
    this.counters.messagesIn++
    const event = MESSAGE_EVENTS[type]!
    if (event === 'notification') {
      this.counters.notificationsIn++
      this.#end('notification', receivedEnd(decodeNotification(body)), now)
      return
    }
    if (TRANSITIONS[this.#state][event] === 'idle') {
      const why = `unexpected ${event} message in ${this.#state}`
      this.#fail(event, bgpError(ErrorCode.FINITE_STATE_MACHINE, UNEXPECTED_IN[this.#state], why), now)
      return
    }
    if (type === MessageType.OPEN) this.#onOpen(body, now)
    else if (type === MessageType.KEEPALIVE) this.#onKeepalive(now)
    else if (type === MessageType.UPDATE) this.#onUpdate(body, now)
    else if (decodeRouteRefresh(body) === IPV4_UNICAST) this.#outputs.push({ type: 'refresh' })
  }

  #onOpen(body: Uint8Array, now: number): void {
    const open = decodeOpen(body)
    const error = open.ok ? this.#unacceptable(open.value) : open.error
    if (error !== undefined || !open.ok) {
      this.#fail('message-error', error!, now)
      return
    }
    this.#peerOpen = open.value
    this.#holdMs = Math.min(this.#config.holdTime, open.value.holdTime) * 1000
    this.#send(encodeKeepalive())
    this.#armHold(now)
    this.#armKeepalive(now)
    this.#move('open', 'OPEN received')
    this.#outputs.push({ type: 'open', open: open.value })
  }

  /** RFC 4271 §6.2. Equal BGP identifiers are fine between different ASes (RFC 6286 §2.1). */
  #unacceptable(open: Open): BgpError | undefined {
    const { peerAs, routerId, localAs } = this.#config
    if (open.as !== peerAs)
      return bgpError(ErrorCode.OPEN_MESSAGE, OpenSubcode.BAD_PEER_AS, `the peer is in AS ${open.as}, not ${peerAs}`)
    if (open.routerId === routerId && open.as === localAs)
      return bgpError(ErrorCode.OPEN_MESSAGE, OpenSubcode.BAD_BGP_IDENTIFIER, 'the peer has our own BGP identifier')
    return undefined
  }

  #onKeepalive(now: number): void {
    this.#armHold(now)
    if (this.#state === 'established') return
    this.#establishedAt = now
    this.#move('keepalive', 'KEEPALIVE received')
    this.#outputs.push({ type: 'established', open: this.#peerOpen! })
  }

  #onUpdate(body: Uint8Array, now: number): void {
    this.#armHold(now)
    const update = decodeUpdate(body, this.#peerOpen!.fourOctetAs)
    if (!update.ok) {
      this.#fail('message-error', update.error, now)
      return
    }
    this.counters.updatesIn++
    if (update.value.fault !== undefined) this.counters.updateFaults++
    this.#outputs.push({ type: 'update', update: update.value })
  }

  #sendUpdates(messages: readonly Uint8Array[], now: number): void {
    if (this.#state !== 'established' || messages.length === 0) return
    for (const message of messages) this.#send(message)
    this.counters.updatesOut += messages.length
    this.#armKeepalive(now) // RFC 4271 §4.4: an UPDATE keeps the session alive as well
  }

  // ---- endings

  get #isConnected(): boolean {
    return this.#state === 'open-sent' || this.#state === 'open-confirm' || this.#state === 'established'
  }

  #disable(): void {
    this.#enabled = false
    this.#timers.clear('idle-hold')
  }

  /** Sends a NOTIFICATION, then ends. */
  #fail(event: SessionEvent, error: BgpError, now: number): void {
    if (!this.#isConnected) {
      this.#end(event, lostEnd(error.message, 'local'), now)
      return
    }
    this.counters.notificationsOut++
    this.#send(encodeNotification(error))
    this.#end(event, sentEnd(error), now)
  }

  #end(event: SessionEvent, end: SessionEnd, now: number): void {
    const wasEstablished = this.#state === 'established'
    // A session that has held for a while resets the backoff. A session that flaps waits longer
    // each time.
    if (wasEstablished && now - this.#establishedAt >= this.#config.retryMaxMs) this.#backoff.reset()
    this.#outputs.push({ type: 'disconnect' })
    this.#move(event, formatSessionEnd(end))
    this.#outputs.push({ type: 'ended', end, wasEstablished })
    this.#framer = new MessageFramer()
    this.#peerOpen = undefined
    this.#holdMs = 0
    this.#timers.clearAll()
    if (!this.#enabled) return
    // A passive session accepts the next connection at once, unless its peer has just violated the
    // protocol.
    if (this.#config.passive && PEACEFUL_ENDINGS.has(event)) this.#start(now)
    else this.#timers.set('idle-hold', now + this.#backoff.next())
  }

  #send(bytes: Uint8Array): void {
    const type = bytes[TYPE_OFFSET]
    if (this.#isMuted && (type === MessageType.KEEPALIVE || type === MessageType.UPDATE)) return
    this.counters.messagesOut++
    this.#outputs.push({ type: 'send', bytes })
  }

  #move(event: SessionEvent, reason: string): void {
    const next = TRANSITIONS[this.#state][event]
    if (next === this.#state) return
    this.#state = next
    this.#outputs.push({ type: 'state', state: next, reason })
  }
}

const PEACEFUL_ENDINGS: ReadonlySet<SessionEvent> = new Set(['transport-lost', 'notification', 'collision'])
