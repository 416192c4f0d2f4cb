import { strict as assert } from 'node:assert'
import { Authenticator } from './authenticator.js'
import { type ControlPacket, decodeControlPacket, encodeControlPacket } from './control-packet.js'
import { diagnosticText } from './diagnostics.js'
import { FinalBudget } from './final-budget.js'
import { AnnouncedIntervals } from './intervals.js'
import type { BfdInput, BfdOutput, BfdSessionConfig, BfdStatus, DiscardCause, PathVerdict } from './session-contract.js'
import type { BfdState } from './states.js'
import { detectionTimeMs, jitteredIntervalMs, transmitIntervalMs, US_PER_MS } from './timing.js'
import { BFD_TRANSITIONS, type BfdEvent } from './transitions.js'

const NEVER = Number.POSITIVE_INFINITY
const NO_CARRIER = 'the link has no carrier'

/**
 * BFD session in asynchronous mode without I/O (RFC 5880). It begins in Down and sends at once. The
 * owner delivers datagrams, and `timeout` at {@link deadline}. It takes the outputs from
 * {@link poll} after each input.
 */
export class BfdSession {
  readonly #config: BfdSessionConfig
  readonly #authenticator: Authenticator | undefined
  readonly #intervals: AnnouncedIntervals
  readonly #finals: FinalBudget
  readonly #outputs: BfdOutput[] = []
  readonly #discarded: Partial<Record<DiscardCause, number>> = {}
  readonly #counters = {
    sent: 0,
    received: 0,
    failures: 0,
    lags: 0,
    excusedLags: 0,
    finalsSuppressed: 0,
    demandRefused: 0,
  }
  #state: BfdState = 'down'
  #path: PathVerdict = 'unknown'
  #diagnostic = 0
  #remoteState: BfdState = 'down' // RFC 5880 §6.8.1
  #remoteDiagnostic = 0
  #remoteDiscriminator = 0
  #remoteMinRxMs = 1 / US_PER_MS // RFC 5880 §6.8.1: bfd.RemoteMinRxInterval is initially 1
  #remoteMinTxMs = 0
  #remoteMultiplier = 0
  #remoteDemands = false
  /** Time from which silence is measured, ms; NEVER before the first packet. */
  #silentSince = NEVER
  /** Time of the last packet that was no response to a Poll, ms. */
  #sentAt: number
  #sendAt: number
  #hasCarrier = true
  /** Packets of AdminDown that are still sent at the interval from before. */
  #farewells = 0
  #farewellIntervalMs = 0

  /** @param now current time, ms, on the clock of all later calls */
  constructor(config: BfdSessionConfig, now: number) {
    const { localDiscriminator, detectMultiplier, authentication, random } = config
    assert(Number.isInteger(localDiscriminator) && localDiscriminator >= 1 && localDiscriminator <= 0xffff_ffff)
    assert(Number.isInteger(detectMultiplier) && detectMultiplier >= 1 && detectMultiplier <= 255)
    this.#config = config
    this.#intervals = new AnnouncedIntervals(config)
    this.#authenticator = authentication && new Authenticator(authentication, Math.floor(random() * 0x1_0000_0000))
    this.#finals = new FinalBudget(now)
    this.#sentAt = now
    this.#sendAt = config.passive === true ? NEVER : now
  }

  get state(): BfdState {
    return this.#state
  }

  /** Verdict on the path; see {@link PathVerdict}. */
  get path(): PathVerdict {
    return this.#path
  }

  status(): BfdStatus {
    return {
      state: this.#state,
      path: this.#path,
      diagnostic: this.#diagnostic,
      localDiscriminator: this.#config.localDiscriminator,
      remoteDiscriminator: this.#remoteDiscriminator,
      remoteState: this.#remoteState,
      remoteDiagnostic: this.#remoteDiagnostic,
      transmitIntervalMs: this.#transmitIntervalMs(),
      detectionTimeMs: this.#detectionTimeMs(),
      isPolling: this.#intervals.isPolling,
      counters: { ...this.#counters, discarded: { ...this.#discarded } },
    }
  }

  handle(input: BfdInput, now: number): void {
    switch (input.type) {
      case 'packet':
        this.#receive(input.bytes, now)
        return
      case 'timeout':
        this.#onTimeout(now)
        return
      case 'lag':
        this.#onLag(input.lagMs, now)
        return
      case 'configure': {
        const before = this.#transmitIntervalMs()
        this.#intervals.configure(input, this.#state === 'up', now)
        if (this.#transmitIntervalMs() !== before) this.#reschedule(now)
        return
      }
      case 'carrier':
        this.#onCarrier(input.isUp, now)
        return
      case 'disable':
      case 'enable':
        this.#apply(input.type, now, `session ${input.type}d here`)
    }
  }

  poll(): BfdOutput | undefined {
    return this.#outputs.shift()
  }

  /** Time of the next `timeout`, ms; Infinity if there is none. */
  deadline(): number {
    return Math.min(this.#sendAt, this.#silenceAt())
  }

  /**
   * Time at which the peer's silence has a consequence, ms; Infinity if there is none. Before a
   * `timeout` at or after it, the owner reads its sockets: packets may wait there.
   */
  silenceDeadline(): number {
    return this.#silenceAt()
  }

  /** Reception of a control packet in the order of RFC 5880 §6.8.6. */
  #receive(bytes: Uint8Array, now: number): void {
    if (!this.#hasCarrier) {
      this.#discard('no-carrier')
      return
    }
    const decoded = decodeControlPacket(bytes)
    if (!decoded.ok) {
      this.#discard(decoded.fault)
      return
    }
    const packet = decoded.value
    const fault = this.#sessionFault(packet, bytes)
    if (fault !== undefined) {
      this.#discard(fault)
      return
    }
    this.#silentSince = now
    this.#remoteDiscriminator = packet.myDiscriminator
    this.#remoteState = packet.state
    this.#remoteDiagnostic = packet.diagnostic
    const intervalBefore = this.#transmitIntervalMs()
    this.#remoteMinRxMs = packet.requiredMinRxUs / US_PER_MS
    this.#remoteMinTxMs = packet.desiredMinTxUs / US_PER_MS
    this.#remoteMultiplier = packet.detectMultiplier
    // "If a Poll Sequence is being transmitted by the local system and the Final (F) bit in the
    // received packet is set, the Poll Sequence MUST be terminated."
    if (packet.final) this.#intervals.finalReceived(this.#state === 'up', now)
    // "If bfd.SessionState is AdminDown, discard the packet."
    if (this.#state === 'admin-down') {
      this.#discard('admin-down')
      return
    }
    this.#counters.received++
    this.#observeDemand(packet.demand)
    const sentBefore = this.#counters.sent
    if (packet.state === 'admin-down') this.#judge('unknown', 'peer is AdminDown')
    this.#apply(`receive-${packet.state}`, now, this.#reasonFor(packet), packet.poll)
    // "If the Poll (P) bit is set, send a BFD Control packet with the Poll (P) bit clear and the
    // Final (F) bit set." A change of state has already sent it.
    if (packet.poll && this.#counters.sent === sentBefore) {
      if (this.#finals.take(this.#intervals.inForce.requiredMinRxMs, now)) this.#send(now, true)
      else this.#counters.finalsSuppressed++
    }
    if (this.#transmitIntervalMs() !== intervalBefore || this.#sendAt === NEVER) this.#reschedule(now)
  }

  /** Checks of RFC 5880 §6.8.6 that need the session, in the RFC's order. */
  #sessionFault(packet: ControlPacket, bytes: Uint8Array): DiscardCause | undefined {
    const { yourDiscriminator } = packet
    // "If the Your Discriminator field is nonzero, it MUST be used to select the session. If no
    // session is found, the packet MUST be discarded."
    if (yourDiscriminator !== 0 && yourDiscriminator !== this.#config.localDiscriminator) return 'your-discriminator'
    // "If the Your Discriminator field is zero and the State field is not Down or AdminDown".
    if (yourDiscriminator === 0 && packet.state !== 'down' && packet.state !== 'admin-down') return 'no-discriminator'
    // "If the A bit is set and no authentication is in use".
    if (this.#authenticator === undefined)
      return packet.authentication === undefined ? undefined : 'authentication-unexpected'
    // "If the A bit is clear and authentication is in use", and §6.7.
    return this.#authenticator.verify(packet, bytes)
  }

  #onTimeout(now: number): void {
    if (this.#silenceAt() <= now) this.#onSilence(now)
    if (this.#sendAt > now) return
    if (this.#farewells > 0) this.#farewells--
    this.#send(now, false)
    this.#schedule(now)
  }

  /** Time at which the peer's silence has a consequence, ms. */
  #silenceAt(): number {
    const detectionTime = this.#detectionTimeMs()
    const isDetecting = this.#remoteDiscriminator !== 0
    // RFC 5880 §6.8.1: bfd.AuthSeqKnown is cleared after twice the detection time.
    return this.#silentSince + (isDetecting ? detectionTime : 2 * detectionTime)
  }

  #onSilence(now: number): void {
    if (this.#remoteDiscriminator !== 0) {
      this.#remoteDiscriminator = 0 // RFC 5880 §6.8.1, bfd.RemoteDiscr
      this.#apply('expire', now, `no packet for ${this.#detectionTimeMs()} ms`)
      if (this.#config.passive === true && this.#state !== 'admin-down') this.#sendAt = NEVER // RFC 5880 §6.8.7
    }
    if (this.#silenceAt() > now) return
    this.#authenticator?.forgetSequence()
    this.#silentSince = NEVER
  }

  /** RFC 5880 §6.8.17: the session is Down at once if the link signals that it has failed. */
  #onCarrier(isUp: boolean, now: number): void {
    if (isUp === this.#hasCarrier) return
    this.#hasCarrier = isUp
    if (isUp) {
      if (this.#config.passive !== true) this.#sendAt = now
      return
    }
    this.#remoteDiscriminator = 0
    this.#remoteState = 'down'
    this.#silentSince = NEVER
    this.#authenticator?.forgetSequence() // the peer may be another process when the carrier is back
    this.#judge('unknown', NO_CARRIER)
    this.#apply('carrier-lost', now, NO_CARRIER)
    this.#farewells = 0
    this.#sendAt = NEVER
  }

  #onLag(lagMs: number, now: number): void {
    assert(lagMs >= 0)
    this.#counters.lags++
    if (this.#silentSince === NEVER) return
    const wouldExpire = this.#silenceAt() <= now
    this.#silentSince = Math.min(now, this.#silentSince + lagMs)
    if (wouldExpire && this.#silenceAt() > now) this.#counters.excusedLags++
  }

  #apply(event: BfdEvent, now: number, reason: string, final = false): void {
    const from = this.#state
    const { to, diagnostic } = BFD_TRANSITIONS[from][event]
    if (to === from) return
    const intervalBefore = this.#transmitIntervalMs()
    this.#state = to
    if (diagnostic !== undefined) this.#diagnostic = diagnostic
    this.#farewells = to === 'admin-down' && from === 'up' ? this.#config.detectMultiplier : 0
    this.#farewellIntervalMs = intervalBefore
    this.#intervals.stateChanged(to === 'up', now)
    this.#outputs.push({ type: 'state', from, state: to, diagnostic: this.#diagnostic, reason })
    if (to === 'up') this.#judge('working', reason)
    else if (to === 'admin-down') this.#judge('unknown', reason)
    else if (from === 'up' && this.#path === 'working') {
      this.#counters.failures++
      this.#judge('failed', reason)
    }
    if (!this.#hasCarrier) return
    // RFC 5880 §6.8.7: a packet SHOULD be sent between the periodic ones if its contents differ. A
    // passive end, or one whose peer is gone, follows the schedule of its state.
    if (this.#config.passive === true && this.#remoteDiscriminator === 0) return
    this.#send(now, final)
    this.#schedule(now)
  }

  #judge(path: PathVerdict, reason: string): void {
    if (path === this.#path) return
    this.#path = path
    this.#outputs.push({ type: 'path', path, reason })
  }

  /**
   * Refuses Demand mode in the open (RFC 5880 §6.6): the peer's request is counted and reported,
   * and periodic packets continue.
   */
  #observeDemand(demands: boolean): void {
    if (demands && !this.#remoteDemands) {
      this.#counters.demandRefused++
      this.#outputs.push({ type: 'demand-refused' })
    }
    this.#remoteDemands = demands
  }

  #send(now: number, final: boolean): void {
    const { announced, isPolling } = this.#intervals
    const packet: ControlPacket = {
      state: this.#state,
      diagnostic: this.#diagnostic,
      poll: isPolling && !final, // RFC 5880 §6.5: never both
      final,
      controlPlaneIndependent: false,
      demand: false,
      detectMultiplier: this.#config.detectMultiplier,
      myDiscriminator: this.#config.localDiscriminator,
      yourDiscriminator: this.#remoteDiscriminator,
      desiredMinTxUs: Math.round(announced.desiredMinTxMs * US_PER_MS),
      requiredMinRxUs: Math.round(announced.requiredMinRxMs * US_PER_MS),
      requiredMinEchoRxUs: 0, // no echo packets are returned
    }
    const bytes = this.#authenticator?.seal(packet) ?? encodeControlPacket(packet)
    this.#counters.sent++
    if (packet.poll) this.#intervals.pollSent(now)
    this.#outputs.push({ type: 'send', bytes })
  }

  #schedule(now: number): void {
    this.#sentAt = now
    this.#reschedule(now)
  }

  /** Schedules the next periodic packet by the interval in force. */
  #reschedule(now: number): void {
    const { passive, detectMultiplier, random } = this.#config
    const intervalMs = this.#farewells > 0 ? this.#farewellIntervalMs : this.#transmitIntervalMs()
    if (!this.#hasCarrier || (passive === true && this.#remoteDiscriminator === 0)) this.#sendAt = NEVER
    else this.#sendAt = Math.max(now, this.#sentAt + jitteredIntervalMs(intervalMs, detectMultiplier, random()))
  }

  #transmitIntervalMs(): number {
    return transmitIntervalMs(this.#intervals.inForce.desiredMinTxMs, this.#remoteMinRxMs)
  }

  #detectionTimeMs(): number {
    return detectionTimeMs(this.#remoteMultiplier, this.#intervals.inForce.requiredMinRxMs, this.#remoteMinTxMs)
  }

  #discard(cause: DiscardCause): void {
    this.#discarded[cause] = (this.#discarded[cause] ?? 0) + 1
  }

  #reasonFor(packet: ControlPacket): string {
    return `peer is ${packet.state}, ${diagnosticText(packet.diagnostic)}`
  }
}
