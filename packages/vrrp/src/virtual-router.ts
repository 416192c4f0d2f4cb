import { strict as assert } from 'node:assert'
import type { Ipv4Address } from '@fivetuple/packet'
import {
  ADVER_INTERVAL_MAX_MS,
  ADVER_INTERVAL_MIN_MS,
  type Advertisement,
  encodeAdvertisement,
  PRIORITY_MAX,
  PRIORITY_MIN,
  PRIORITY_RESIGNED,
} from './advertisement.js'
import { activeDownIntervalMs, skewTimeMs } from './timing.js'
import { VRRP_TRANSITIONS, type VrrpAction, type VrrpEvent, type VrrpState } from './transitions.js'

const NEVER = Number.POSITIVE_INFINITY

/** Configuration of a virtual router, fixed for its life. */
export interface VirtualRouterConfig {
  /** Identifier, 1 to 255; the same on all routers that share the addresses. */
  readonly vrid: number
  /** Own address of this router, which decides between equal priorities: the higher one wins. */
  readonly localAddress: Ipv4Address
  /** Priority, 1 to 254; the higher one wins. */
  readonly priority: number
  /** Interval of advertisements while this router is Active, ms: 10 to 40,950 in steps of 10. */
  readonly adverIntervalMs: number
  /** True if this router takes over from a working Active router of lower priority. */
  readonly preempt: boolean
  /** Virtual addresses, 1 to 255 of them. */
  readonly addresses: readonly Ipv4Address[]
}

export type VirtualRouterInput =
  | { readonly type: 'startup' }
  /** Stops. An Active router reports that by an advertisement of priority 0. */
  | { readonly type: 'shutdown' }
  /** Stops without an advertisement, which would not arrive. */
  | { readonly type: 'cut' }
  /** Advertisement of this virtual router, from another router's own address. */
  | { readonly type: 'advertisement'; readonly from: Ipv4Address; readonly advertisement: Advertisement }
  | { readonly type: 'timeout' }

export type VirtualRouterOutput =
  /** Advertisement to all other routers of the virtual router. */
  | { readonly type: 'send'; readonly bytes: Uint8Array }
  | { readonly type: 'state'; readonly state: VrrpState; readonly reason: string }

/**
 * Virtual router on one of its routers (RFC 9568 §6). At most one router is Active and carries the
 * addresses. The others wait for its advertisements, and one takes over if they stop.
 */
export class VirtualRouter {
  readonly #config: VirtualRouterConfig
  readonly #outputs: VirtualRouterOutput[] = []
  #state: VrrpState = 'initialize'
  #timerAt = NEVER
  /**
   * Active_Adver_Interval (RFC 9568 §6.1), ms: our own until another router's has been received.
   */
  #activeIntervalMs: number
  #activeAddress: Ipv4Address | undefined

  constructor(config: VirtualRouterConfig) {
    const { priority, adverIntervalMs } = config
    assert(priority >= PRIORITY_MIN && priority <= PRIORITY_MAX)
    assert(adverIntervalMs >= ADVER_INTERVAL_MIN_MS && adverIntervalMs <= ADVER_INTERVAL_MAX_MS)
    this.#config = config
    this.#activeIntervalMs = adverIntervalMs
  }

  get state(): VrrpState {
    return this.#state
  }

  /** Own address of the Active router; undefined if unknown. */
  get activeAddress(): Ipv4Address | undefined {
    return this.#activeAddress
  }

  handle(input: VirtualRouterInput, now: number): void {
    switch (input.type) {
      case 'startup':
        if (this.#state !== 'initialize') return
        this.#activeIntervalMs = this.#config.adverIntervalMs // RFC 9568 §6.4.1
        this.#apply('startup', now, 'started')
        return
      case 'shutdown':
        this.#apply('shutdown', now, 'stopped here')
        return
      case 'cut':
        this.#apply('cut', now, 'the link has no carrier')
        return
      case 'advertisement':
        this.#onAdvertisement(input.from, input.advertisement, now)
        return
      case 'timeout':
        if (this.#timerAt <= now) this.#apply('timer', now, 'no advertisements of the Active router')
    }
  }

  poll(): VirtualRouterOutput | undefined {
    return this.#outputs.shift()
  }

  deadline(): number {
    return this.#timerAt
  }

  #onAdvertisement(from: Ipv4Address, advertisement: Advertisement, now: number): void {
    assert(advertisement.vrid === this.#config.vrid)
    if (this.#state === 'initialize') return
    const event = this.#classify(from, advertisement)
    this.#apply(event, now, 'another router has precedence', advertisement.adverIntervalMs)
    if (event === 'superior') this.#activeAddress = from
    else if (event === 'resignation' && this.#activeAddress === from) this.#activeAddress = undefined
  }

  /**
   * Classifies an advertisement, depending on the state: a backup accepts one of equal priority,
   * and of two Active routers one must yield.
   */
  #classify(from: Ipv4Address, { priority }: Advertisement): VrrpEvent {
    const { priority: ownPriority, localAddress, preempt } = this.#config
    if (priority === PRIORITY_RESIGNED) return 'resignation'
    if (this.#state === 'backup') return !preempt || priority >= ownPriority ? 'superior' : 'inferior' // §6.4.2
    const isSuperior = priority > ownPriority || (priority === ownPriority && from > localAddress) // §6.4.3
    return isSuperior ? 'superior' : 'inferior'
  }

  #apply(event: VrrpEvent, now: number, reason: string, advertisedIntervalMs = this.#activeIntervalMs): void {
    const { to, actions } = VRRP_TRANSITIONS[this.#state][event]
    for (const action of actions) this.#do(action, now, advertisedIntervalMs)
    if (to === this.#state) return
    this.#state = to
    this.#activeAddress = to === 'active' ? this.#config.localAddress : undefined
    this.#outputs.push({ type: 'state', state: to, reason })
  }

  #do(action: VrrpAction, now: number, advertisedIntervalMs: number): void {
    const { priority, adverIntervalMs } = this.#config
    switch (action) {
      case 'advertise':
        this.#send(priority)
        return
      case 'resign':
        this.#send(PRIORITY_RESIGNED)
        return
      case 'learn-interval':
        this.#activeIntervalMs = advertisedIntervalMs
        return
      case 'wait-interval':
        this.#timerAt = now + adverIntervalMs
        return
      case 'wait-down':
        this.#timerAt = now + activeDownIntervalMs(priority, this.#activeIntervalMs)
        return
      case 'wait-skew':
        this.#timerAt = now + skewTimeMs(priority, this.#activeIntervalMs)
        return
      case 'stop-timer':
        this.#timerAt = NEVER
    }
  }

  #send(priority: number): void {
    const { vrid, adverIntervalMs, addresses } = this.#config
    this.#outputs.push({ type: 'send', bytes: encodeAdvertisement({ vrid, priority, adverIntervalMs, addresses }) })
  }
}
