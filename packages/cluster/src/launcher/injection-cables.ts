import type { SwitchConfig } from '@fivetuple/switch'
import type { CableSide } from '../api/faults.js'
import type { ClusterPlan } from '../plan/plan.js'
import type { Ask } from './ask.js'

/** A cable that is cut. */
export interface CutCable {
  readonly lb: string
  readonly side: CableSide
}

/**
 * Cables between LBs and switches, and which of them are cut. That is kept in the switches' configurations, too: a cable
 * that is cut stays so when the switch is started again.
 */
export class Cables {
  readonly #configs: Map<CableSide, SwitchConfig>
  readonly #write: (name: string, config: SwitchConfig) => void
  readonly #ask: Ask

  /** @param write keeps a switch's configuration where the switch will read it */
  constructor(
    { uplink, downlink }: Pick<ClusterPlan, 'uplink' | 'downlink'>,
    write: (name: string, config: SwitchConfig) => void,
    ask: Ask,
  ) {
    this.#configs = new Map([
      ['uplink', uplink],
      ['downlink', downlink],
    ])
    this.#write = write
    this.#ask = ask
  }

  get cut(): CutCable[] {
    return [...this.#configs].flatMap(([side, { ports }]) =>
      ports.filter(({ isCut }) => isCut).map(({ peer }) => ({ lb: peer, side })),
    )
  }

  isCut(lb: string): boolean {
    return this.cut.some((cable) => cable.lb === lb)
  }

  /** Cuts the cable of a known LB, or restores it. Rejects, and nothing has changed, when its switch can't be told. */
  async setCut({ lb, side }: CutCable, cut: boolean): Promise<void> {
    const { name, ports } = this.#configs.get(side)!
    const { id } = ports.find(({ peer }) => peer === lb)!
    await this.#ask(name, 'setPort', { id, cut })
    const before = this.#configs.get(side)!
    const after = { ...before, ports: before.ports.map((port) => (port.id === id ? { ...port, isCut: cut } : port)) }
    this.#configs.set(side, after)
    this.#write(name, after)
  }
}
