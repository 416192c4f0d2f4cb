import type { Ipv4Address } from '@fivetuple/packet'
import type { AddressTable } from './address-table.js'

/**
 * Reasons why a VIP that an operator has put on this LB is not on its interface. `route-withheld`,
 * an injected fault: it is on the interface, but its route is not announced.
 */
export const INHIBITORS = ['no-healthy-backend', 'standby', 'no-downlink', 'route-withheld'] as const
export type Inhibitor = (typeof INHIBITORS)[number]

/**
 * VIPs on the interface: those that an operator has put there and that nothing inhibits. Routes
 * follow from the interface alone (claim C8), so health and redundancy act on nothing else.
 */
export class VipPlacement {
  readonly #addresses: AddressTable
  readonly #wanted = new Set<Ipv4Address>()
  readonly #inhibitors = new Map<Ipv4Address, Set<Inhibitor>>()
  readonly #inhibitorsOfAll = new Set<Inhibitor>()

  constructor(addresses: AddressTable) {
    this.#addresses = addresses
  }

  /** In ascending order. */
  get wanted(): Ipv4Address[] {
    return [...this.#wanted].sort((a, b) => a - b)
  }

  isWanted(address: Ipv4Address): boolean {
    return this.#wanted.has(address)
  }

  /** Reasons that keep an address off the interface; they count whether it is wanted or not. */
  inhibitorsOf(address: Ipv4Address): Inhibitor[] {
    return [...this.#inhibitorsOfAll, ...(this.#inhibitors.get(address) ?? [])]
  }

  /** Stores that an operator wants the address here, or does not. */
  want(address: Ipv4Address, wanted: boolean): void {
    if (wanted) this.#wanted.add(address)
    else this.#wanted.delete(address)
    this.#place(address)
  }

  /** Adds or removes a reason to keep the address off the interface. */
  inhibit(address: Ipv4Address, reason: Inhibitor, present: boolean): void {
    const inhibitors = this.#inhibitors.get(address) ?? new Set()
    if (present) inhibitors.add(reason)
    else inhibitors.delete(reason)
    if (inhibitors.size === 0) this.#inhibitors.delete(address)
    else this.#inhibitors.set(address, inhibitors)
    this.#place(address)
  }

  /** Adds or removes a reason to keep all addresses off the interface. */
  inhibitAll(reason: Inhibitor, present: boolean): void {
    if (present) this.#inhibitorsOfAll.add(reason)
    else this.#inhibitorsOfAll.delete(reason)
    for (const address of this.#wanted) this.#place(address)
  }

  #place(address: Ipv4Address): void {
    if (this.#wanted.has(address) && this.#inhibitorsOfAll.size === 0 && !this.#inhibitors.has(address))
      this.#addresses.add(address)
    else this.#addresses.remove(address)
  }
}
