import type { Ipv4Address } from '@fivetuple/packet'
import type { AddressTable } from './address-table.js'

/** Why a VIP that an operator has put on this LB is not on its interface now. */
export type HoldReason = 'no-healthy-backend' | 'standby' | 'no-downlink'

/**
 * Which VIPs are on the interface: those that an operator wants there, as long as nothing holds them back. Routes follow
 * from the interface alone (claim C8), so this is all that health and redundancy have to say.
 */
export class VipPlacement {
  readonly #addresses: AddressTable
  readonly #wanted = new Set<Ipv4Address>()
  readonly #holds = new Map<Ipv4Address, Set<HoldReason>>()
  readonly #holdsOfAll = new Set<HoldReason>()

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

  /** What holds an address back, whether it is wanted or not. */
  holdsOf(address: Ipv4Address): HoldReason[] {
    return [...this.#holdsOfAll, ...(this.#holds.get(address) ?? [])]
  }

  /** Says whether an operator wants the address here. */
  want(address: Ipv4Address, wanted: boolean): void {
    if (wanted) this.#wanted.add(address)
    else this.#wanted.delete(address)
    this.#place(address)
  }

  /** Says whether there is a reason to keep the address off the interface. */
  hold(address: Ipv4Address, reason: HoldReason, held: boolean): void {
    const holds = this.#holds.get(address) ?? new Set()
    if (held) holds.add(reason)
    else holds.delete(reason)
    if (holds.size === 0) this.#holds.delete(address)
    else this.#holds.set(address, holds)
    this.#place(address)
  }

  /** Says whether there is a reason to keep all addresses off the interface. */
  holdAll(reason: HoldReason, held: boolean): void {
    if (held) this.#holdsOfAll.add(reason)
    else this.#holdsOfAll.delete(reason)
    for (const address of this.#wanted) this.#place(address)
  }

  #place(address: Ipv4Address): void {
    if (this.#wanted.has(address) && this.#holdsOfAll.size === 0 && !this.#holds.has(address))
      this.#addresses.add(address)
    else this.#addresses.remove(address)
  }
}
