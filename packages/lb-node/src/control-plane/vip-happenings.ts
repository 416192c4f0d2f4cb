import type { Happening } from '@fivetuple/runtime'
import type { PlacedVip } from '../status.js'

/** Derives the happenings of VIPs from their placement: each change once. */
export class VipHappenings {
  /** Address → inhibitors, as last seen; missing: the VIP is not to be here. */
  #before = new Map<string, string>()

  /** Returns the changes since the last call. */
  changes(placed: readonly PlacedVip[]): Happening[] {
    const now = new Map(placed.map(({ address, inhibitedBy }) => [address, inhibitedBy.join()]))
    const happenings = placed.flatMap(({ address, inhibitedBy }): Happening[] => {
      if (this.#before.get(address) === now.get(address)) return []
      if (inhibitedBy.length > 0) return [{ kind: 'vip.inhibited', address, inhibitors: inhibitedBy }]
      return [{ kind: 'vip.announced', address }]
    })
    const gone = [...this.#before.keys()].filter((address) => !now.has(address))
    this.#before = now
    return [...happenings, ...gone.map((address): Happening => ({ kind: 'vip.withdrawn', address }))]
  }
}
