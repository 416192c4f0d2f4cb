import type { SwitchConfig } from '@fivetuple/switch'
import * as Type from 'typebox'
import type { ClusterPlan } from '../../plan/plan.js'
import type { RoleClients } from '../role-contracts.js'

/** Switch at the other end of an LB's link. */
export type LinkSide = Type.Static<typeof LinkSide>
export const LINK_SIDES = ['uplink', 'downlink'] as const
export const LinkSide = Type.Enum([...LINK_SIDES])

/** Returns true for the side of a link. */
export function isLinkSide(name: string): name is LinkSide {
  return (LINK_SIDES as readonly string[]).includes(name)
}

/** Link of an LB. */
export interface LinkName {
  readonly lb: string
  readonly side: LinkSide
}

/** Holder of a carrier for the operator, who took the link down. */
const OPERATOR = 'operator'

/**
 * Links between LBs and switches, and which of them are administratively down. Several holders may
 * keep a link down: the operator, and faults that take the carrier for a time. It is up when none
 * does. The configurations of the switches have that, too, so a link stays down when its switch is
 * started again.
 */
export class Links {
  readonly #configs: Map<LinkSide, SwitchConfig>
  readonly #write: (name: string, config: SwitchConfig) => void
  readonly #roles: RoleClients
  readonly #holders = new Map<string, Set<string>>()
  /** Ends when all changes so far have been made. */
  #changed: Promise<void> = Promise.resolve()

  /** @param write stores a switch's configuration where the switch will read it */
  constructor(
    { uplink, downlink }: Pick<ClusterPlan, 'uplink' | 'downlink'>,
    write: (name: string, config: SwitchConfig) => void,
    roles: RoleClients,
  ) {
    this.#configs = new Map([
      ['uplink', uplink],
      ['downlink', downlink],
    ])
    this.#write = write
    this.#roles = roles
  }

  /** Links that the operator took down. */
  get down(): LinkName[] {
    return [...this.#configs].flatMap(([side, { ports }]) =>
      ports.map(({ peer }) => ({ lb: peer, side })).filter((link) => this.isAdminDown(link)),
    )
  }

  /** True if the operator took a link down. */
  isAdminDown(link: LinkName): boolean {
    return this.#holdersOf(link).has(OPERATOR)
  }

  /** True if the operator took a link of an LB down. */
  isDown(lb: string): boolean {
    return this.down.some((link) => link.lb === lb)
  }

  /**
   * Takes the link of a known LB down or up, for the operator. If its switch is unreachable,
   * rejects and changes nothing.
   */
  setAdminDown(link: LinkName, adminDown: boolean): Promise<void> {
    return this.hold(link, OPERATOR, adminDown)
  }

  /** Does the same for a holder, after all changes before. */
  hold(link: LinkName, holder: string, isDown: boolean): Promise<void> {
    const change = this.#changed.then(() => this.#hold(link, holder, isDown))
    this.#changed = change.catch(() => {})
    return change
  }

  async #hold(link: LinkName, holder: string, isDown: boolean): Promise<void> {
    const after = new Set(this.#holdersOf(link))
    if (isDown) after.add(holder)
    else after.delete(holder)
    await this.#setPort(link, after.size > 0)
    this.#holders.set(keyOf(link), after)
  }

  async #setPort({ lb, side }: LinkName, adminDown: boolean): Promise<void> {
    const { name, ports } = this.#configs.get(side)!
    const { id } = ports.find(({ peer }) => peer === lb)!
    await this.#roles.switch(name)('setPort', { id, adminDown })
    const before = this.#configs.get(side)!
    const after = {
      ...before,
      ports: before.ports.map((port) => (port.id === id ? { ...port, isAdminDown: adminDown } : port)),
    }
    this.#configs.set(side, after)
    this.#write(name, after)
  }

  #holdersOf(link: LinkName): ReadonlySet<string> {
    return this.#holders.get(keyOf(link)) ?? new Set()
  }
}

function keyOf({ lb, side }: LinkName): string {
  return `${lb} ${side}`
}
