import type { SwitchConfig } from '@fivetuple/switch'
import * as Type from 'typebox'
import type { ClusterPlan } from '../../plan/plan.js'
import type { RoleClients } from '../role-contracts.js'

/** Switch at the other end of an LB's link. */
export type LinkSide = Type.Static<typeof LinkSide>
export const LinkSide = Type.Enum(['uplink', 'downlink'])

/** Link that is administratively down. */
export interface DownLink {
  readonly lb: string
  readonly side: LinkSide
}

/**
 * Links between LBs and switches, and which of them are administratively down. The configurations
 * of the switches have that, too, so a link stays down when its switch is started again.
 */
export class Links {
  readonly #configs: Map<LinkSide, SwitchConfig>
  readonly #write: (name: string, config: SwitchConfig) => void
  readonly #roles: RoleClients

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

  get down(): DownLink[] {
    return [...this.#configs].flatMap(([side, { ports }]) =>
      ports.filter(({ isAdminDown }) => isAdminDown).map(({ peer }) => ({ lb: peer, side })),
    )
  }

  /** True if a link of an LB is administratively down. */
  isDown(lb: string): boolean {
    return this.down.some((link) => link.lb === lb)
  }

  /**
   * Takes the link of a known LB down or up. If its switch is unreachable, rejects and changes
   * nothing.
   */
  async setAdminDown({ lb, side }: DownLink, adminDown: boolean): Promise<void> {
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
}
