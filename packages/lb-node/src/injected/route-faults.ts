import type { Ipv4Address } from '@fivetuple/packet'
import type { Flap } from './status.js'

/** Faults of the route of one address. */
export interface RouteFault {
  readonly address: Ipv4Address
  /** True while the route is not announced, although the address is on the interface. */
  readonly isWithheld: boolean
  /** null: the route does not flap. */
  readonly flap: Flap | null
}

interface Entry extends RouteFault {
  /** Time at which the flapping began, ms. */
  readonly since: number
}

/**
 * Routes that are not announced although their addresses are on the interface: for a time, or again
 * and again.
 *
 * Pure: it gets the time.
 */
export class RouteFaults {
  readonly #entries = new Map<Ipv4Address, Entry>()

  /** Faults, in the order in which their addresses got the first one. */
  list(): RouteFault[] {
    return [...this.#entries.values()].map(({ address, isWithheld, flap }) => ({ address, isWithheld, flap }))
  }

  /**
   * Changes the faults of a route. A field that is missing stays as it is.
   *
   * @param now ms; a flap begins now
   */
  set(address: Ipv4Address, change: Partial<Pick<RouteFault, 'isWithheld' | 'flap'>>, now: number): void {
    const before = this.#entries.get(address) ?? { address, isWithheld: false, flap: null, since: now }
    const after = { ...before, ...change, since: change.flap === undefined ? before.since : now }
    if (after.isWithheld || after.flap !== null) this.#entries.set(address, after)
    else this.#entries.delete(address)
  }

  /** Returns true while the route of an address is not to be announced. @param now ms */
  isWithheld(address: Ipv4Address, now: number): boolean {
    const entry = this.#entries.get(address)
    if (entry === undefined) return false
    return entry.isWithheld || (entry.flap !== null && intoPeriod(entry.flap, entry.since, now) < entry.flap.downMs)
  }

  /** Returns the next time at which a route flaps, ms; Infinity: none does. @param now ms */
  deadline(now: number): number {
    let deadline = Number.POSITIVE_INFINITY
    for (const { flap, since } of this.#entries.values()) {
      if (flap === null) continue
      const at = intoPeriod(flap, since, now)
      const { downMs, upMs } = flap
      deadline = Math.min(deadline, now - at + (at < downMs ? downMs : downMs + upMs))
    }
    return deadline
  }
}

/** Time since the begin of the current period, ms. */
function intoPeriod({ upMs, downMs }: Flap, since: number, now: number): number {
  return (now - since) % (upMs + downMs)
}
