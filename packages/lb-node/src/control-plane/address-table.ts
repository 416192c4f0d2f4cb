import { formatIpv4, type Ipv4Address } from '@fivetuple/packet'

/** A change of the interface's addresses. */
export interface AddressChange {
  readonly address: Ipv4Address
  readonly present: boolean
}

/**
 * The addresses of the node's emulated interface (its `lo`). A VIP is served and announced if and
 * only if it is in here; who wants to know watches the table, and nothing else triggers routes
 * (claim C8).
 */
export class AddressTable {
  readonly #addresses = new Set<Ipv4Address>()
  readonly #watchers: ((change: AddressChange) => void)[] = []

  /** Returns false when the address was there already. */
  add(address: Ipv4Address): boolean {
    if (this.#addresses.has(address)) return false
    this.#addresses.add(address)
    this.#tell({ address, present: true })
    return true
  }

  /** Returns false when there was no such address. */
  remove(address: Ipv4Address): boolean {
    if (!this.#addresses.delete(address)) return false
    this.#tell({ address, present: false })
    return true
  }

  has(address: Ipv4Address): boolean {
    return this.#addresses.has(address)
  }

  /** In ascending order. */
  list(): Ipv4Address[] {
    return [...this.#addresses].sort((a, b) => a - b)
  }

  /** Calls `watcher` on each change from now on, after the table shows it. */
  watch(watcher: (change: AddressChange) => void): void {
    this.#watchers.push(watcher)
  }

  toString(): string {
    return this.list().map(formatIpv4).join(' ')
  }

  #tell(change: AddressChange): void {
    for (const watcher of this.#watchers) watcher(change)
  }
}
