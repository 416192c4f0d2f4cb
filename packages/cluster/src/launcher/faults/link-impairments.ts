import type { DirectionFaults, LinkFault } from '@fivetuple/lb-node'
import type { LbFleet } from '../lb-fleet.js'
import type { LinkSide } from './links.js'

/** Direction of a link, seen from the LB. */
export type LinkDirection = 'in' | 'out'

/** Fault of one or both directions of a link of an LB. */
export interface LinkImpairment extends LinkFault {
  readonly lb: string
  readonly side: LinkSide
  readonly direction: LinkDirection | 'both'
}

/**
 * Faults of packets on the links of LBs. The configurations of the LBs have them, so an LB that is
 * started again has them, too.
 */
export class LinkImpairments {
  readonly #fleet: Pick<LbFleet, 'change' | 'configs'>
  /** Ends when all changes so far have been made. */
  #changed: Promise<unknown> = Promise.resolve()

  constructor(fleet: Pick<LbFleet, 'change' | 'configs'>) {
    this.#fleet = fleet
  }

  /** All faults, in the order of LBs. */
  get list(): LinkImpairment[] {
    return this.#fleet.configs.names.flatMap((lb) => this.ofLb(lb))
  }

  /** Faults of the links of one LB. */
  ofLb(lb: string): LinkImpairment[] {
    const found = new Map<string, LinkImpairment>()
    for (const { side, direction, faults } of this.#fleet.configs.get(lb)?.linkFaults ?? [])
      for (const fault of faults) {
        const isOfBoth = found.has(fault.id)
        found.set(fault.id, { ...fault, lb, side, direction: isOfBoth ? 'both' : direction })
      }
    return [...found.values()]
  }

  /** Adds faults of one LB, or changes those with the same ids. */
  async add(lb: string, faults: readonly LinkImpairment[]): Promise<void> {
    const ids = new Set(faults.map(({ id }) => id))
    await this.#change(lb, (before) => [...before.filter(({ id }) => !ids.has(id)), ...faults])
  }

  /** Clears the faults of one LB for which the condition holds. */
  async clear(lb: string, isCleared: (fault: LinkImpairment) => boolean): Promise<void> {
    await this.#change(lb, (before) => before.filter((fault) => !isCleared(fault)))
  }

  #change(lb: string, edit: (before: readonly LinkImpairment[]) => readonly LinkImpairment[]): Promise<unknown> {
    const change = this.#changed.then(() => {
      const links = linkFaults(edit(this.ofLb(lb)))
      return this.#fleet.change([lb], 'setLinkFaults', { links }, () => ({ linkFaults: links }))
    })
    this.#changed = change.catch(() => {})
    return change
  }
}

/** Returns faults as an LB takes them: per link and direction. */
function linkFaults(faults: readonly LinkImpairment[]): DirectionFaults[] {
  const links: DirectionFaults[] = []
  for (const side of ['uplink', 'downlink'] as const)
    for (const direction of ['in', 'out'] as const) {
      const own = faults.filter((fault) => fault.side === side && [direction, 'both'].includes(fault.direction))
      if (own.length > 0)
        links.push({ side, direction, faults: own.map(({ id, fault, scope, seed }) => ({ id, fault, scope, seed })) })
    }
  return links
}
