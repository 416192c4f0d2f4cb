import { formatIpv4, parseIpv4 } from '@fivetuple/packet'
import { type Clock, DeadlineTimer, type Params } from '@fivetuple/runtime'
import type { LbContract } from '../contract.js'
import type { Routing } from '../control-plane/drivers/routing.js'
import type { LbForwarder } from '../data-plane/forwarder.js'
import type { LinkSide } from '../link-faults/names.js'
import { RouteFaults } from './route-faults.js'
import type { InjectedFaultsStatus } from './status.js'

/** Parts of an LB that its faults act on. */
export interface InjectedFaultsOptions {
  readonly routing: Pick<Routing, 'setWithheld' | 'setMuted' | 'reset'>
  readonly forwarder: Pick<LbForwarder, 'limitPorts' | 'limitSessions'>
  readonly clock: Clock
  /** Called when the route of a VIP is withheld or announced again. */
  readonly onRoute: () => void
}

/**
 * Faults of an LB's control plane and resources, until they are cleared or the process ends. Those
 * of its links are in `link-faults/`.
 */
export class InjectedFaults {
  readonly #options: InjectedFaultsOptions
  readonly #routes = new RouteFaults()
  readonly #flapping: DeadlineTimer
  readonly #muted = new Set<LinkSide>()
  /** Addresses whose route is withheld now. */
  readonly #withheld = new Set<number>()
  #usablePorts: number | null = null
  #usableSessions: number | null = null

  constructor(options: InjectedFaultsOptions) {
    this.#options = options
    this.#flapping = new DeadlineTimer(options.clock, () => {
      this.#applyRoutes()
      return this.#routes.deadline(options.clock.now())
    })
  }

  /** Ends the session with a switch. Returns false if none is established. */
  reset({ side }: Params<LbContract, 'resetBgp'>): { wasEstablished: boolean } {
    return { wasEstablished: this.#options.routing.reset(side) }
  }

  /** Stops to send KEEPALIVE and UPDATE to a switch, or sends them again. */
  mute({ side, isMuted }: Params<LbContract, 'muteBgp'>): { muted: LinkSide[] } {
    if (isMuted) this.#muted.add(side)
    else this.#muted.delete(side)
    this.#options.routing.setMuted(side, isMuted)
    return { muted: [...this.#muted] }
  }

  /** Changes the faults of the route of an address; throws a TypeError if it is none. */
  setRoute({ address: text, ...change }: Params<LbContract, 'setRouteFault'>): { isWithheld: boolean } {
    const address = parseIpv4(text)
    if (address === undefined) throw new TypeError(`'${text}' is no IPv4 address`)
    const now = this.#options.clock.now()
    this.#routes.set(address, change, now)
    this.#applyRoutes()
    this.#flapping.arm(this.#routes.deadline(now))
    return { isWithheld: this.#withheld.has(address) }
  }

  /** Sets how many source ports per backend, or sessions, are usable; null: all. */
  exhaust({ resource, leave }: Params<LbContract, 'exhaust'>): { leave: number | null } {
    if (resource === 'ports') {
      this.#usablePorts = leave
      this.#options.forwarder.limitPorts(leave)
    } else {
      this.#usableSessions = leave
      this.#options.forwarder.limitSessions(leave)
    }
    return { leave }
  }

  /** Returns true while the route of an address is withheld. */
  isWithheld(address: number): boolean {
    return this.#withheld.has(address)
  }

  status(): InjectedFaultsStatus {
    return {
      mutedBgp: [...this.#muted],
      routes: this.#routes.list().map(({ address, ...fault }) => ({ address: formatIpv4(address), ...fault })),
      usablePorts: this.#usablePorts,
      usableSessions: this.#usableSessions,
    }
  }

  close(): void {
    this.#flapping.close()
  }

  #applyRoutes(): void {
    const now = this.#options.clock.now()
    const addresses = new Set([...this.#withheld, ...this.#routes.list().map(({ address }) => address)])
    for (const address of addresses) {
      const isWithheld = this.#routes.isWithheld(address, now)
      if (isWithheld === this.#withheld.has(address)) continue
      if (isWithheld) this.#withheld.add(address)
      else this.#withheld.delete(address)
      this.#options.routing.setWithheld(address, isWithheld)
      this.#options.onRoute()
    }
  }
}
