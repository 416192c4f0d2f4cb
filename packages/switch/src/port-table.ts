import { type Cable, type CableIdentity, CablePort } from '@fivetuple/runtime'
import type { SwitchPortConfig } from './config.js'

/** One cable port of the switch. */
export interface SwitchPort {
  /** 1 to N */
  readonly id: number
  /** Name of the LB that belongs here. */
  readonly peer: string
  readonly port: CablePort
}

/** The switch's cable ports and who may plug in where. */
export class PortTable {
  readonly ports: readonly SwitchPort[]
  readonly #byId: ReadonlyMap<number, SwitchPort>

  constructor(configs: readonly SwitchPortConfig[]) {
    this.ports = configs.map(({ id, peer }) => ({ id, peer, port: new CablePort() }))
    this.#byId = new Map(this.ports.map((port) => [port.id, port]))
  }

  get(id: number): SwitchPort | undefined {
    return this.#byId.get(id)
  }

  /** Why this LB may not plug in, or undefined when it may. */
  refusal({ name, port: id }: CableIdentity): string | undefined {
    const port = this.#byId.get(id)
    if (port === undefined) return `there is no port ${id}`
    return port.peer === name ? undefined : `port ${id} belongs to ${port.peer}, not to ${name}`
  }

  /** The port that a cable which is up sits in. */
  portOf(cable: Cable): SwitchPort {
    const port = this.#byId.get(cable.peer?.port ?? 0)
    if (port === undefined) throw new Error('a cable came up that no port admits')
    return port
  }
}
