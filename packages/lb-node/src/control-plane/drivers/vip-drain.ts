import type { Ipv4Address } from '@fivetuple/packet'
import { type Clock, DeadlineTimer } from '@fivetuple/runtime'

/** Interval at which it is checked if the sessions of a VIP have ended. */
const RECHECK_MS = 1_000

export interface VipDrainOptions {
  readonly clock: Clock
  /**
   * Returns true while sessions of the VIP may go on: a backend of it works, though none may take
   * new flows.
   */
  readonly hasLiveSessions: (vip: Ipv4Address) => boolean
  /**
   * Called when the VIP is to be drained, or not any more; and when it is to be withdrawn, or not
   * any more.
   */
  readonly onChange: (vip: Ipv4Address, isDrained: boolean, isWithdrawn: boolean) => void
}

/**
 * VIPs without a healthy backend. If only the readiness of backends fails, their connections work:
 * such a VIP is drained, which keeps new flows away, until its last session has ended. Only then is
 * it withdrawn, which ends all flows.
 */
export class VipDrain {
  readonly #options: VipDrainOptions
  readonly #timer: DeadlineTimer
  readonly #drained = new Set<Ipv4Address>()

  constructor(options: VipDrainOptions) {
    this.#options = options
    this.#timer = new DeadlineTimer(options.clock, () => this.#recheck())
  }

  isDrained(vip: Ipv4Address): boolean {
    return this.#drained.has(vip)
  }

  /** The VIP has no healthy backend, or has one again. */
  setHopeless(vip: Ipv4Address, isHopeless: boolean): void {
    const keeps = isHopeless && this.#options.hasLiveSessions(vip)
    if (keeps) this.#drained.add(vip)
    else this.#drained.delete(vip)
    this.#options.onChange(vip, keeps, isHopeless && !keeps)
    if (keeps) this.#timer.arm(this.#options.clock.now() + RECHECK_MS)
  }

  close(): void {
    this.#timer.close()
  }

  #recheck(): number {
    for (const vip of [...this.#drained]) if (!this.#options.hasLiveSessions(vip)) this.setHopeless(vip, true)
    return this.#drained.size === 0 ? Number.POSITIVE_INFINITY : this.#options.clock.now() + RECHECK_MS
  }
}
