import { type Cable, type CableIdentity, CablePort } from '@fivetuple/runtime'
import type { SwitchPortConfig } from '../config.js'

/** One cable port of the switch. */
export interface SwitchPort {
  /** 1 to N */
  readonly id: number
  /** Name of the LB that belongs here. */
  readonly peer: string
  readonly port: CablePort
  /** Administratively down: no cable comes up here. */
  readonly isAdminDown: boolean
}

/** The switch's cable ports, and the LB that may plug in at each. */
export class PortTable {
  readonly ports: readonly SwitchPort[]
  readonly #byId: ReadonlyMap<number, { -readonly [K in keyof SwitchPort]: SwitchPort[K] }>

  constructor(configs: readonly SwitchPortConfig[]) {
    const ports = configs.map(({ id, peer, isAdminDown }) => ({
      id,
      peer,
      port: new CablePort(),
      isAdminDown: isAdminDown ?? false,
    }))
    this.ports = ports
    this.#byId = new Map(ports.map((port) => [port.id, port]))
  }

  get(id: number): SwitchPort | undefined {
    return this.#byId.get(id)
  }

  /** Reason why this LB may not plug in; undefined if it may. */
  refusal({ name, port: id }: CableIdentity): string | undefined {
    const port = this.#byId.get(id)
    if (port === undefined) return `there is no port ${id}`
    if (port.isAdminDown) return `port ${id} is administratively down`
    return port.peer === name ? undefined : `port ${id} belongs to ${port.peer}, not to ${name}`
  }

  /**
   * Plugs in a cable that has come up. If its port has been set down meanwhile, the cable is closed
   * and undefined is returned.
   */
  plug(cable: Cable): SwitchPort | undefined {
    const port = this.#byId.get(cable.peer?.port ?? 0)
    if (port === undefined) throw new Error('a cable came up that no port admits')
    if (port.isAdminDown) {
      cable.close('its port is administratively down')
      return undefined
    }
    port.port.plug(cable)
    return port
  }

  /**
   * Sets a port administratively down, which closes its cable, or up.
   * @throws TypeError when there is no such port
   */
  setAdminDown(id: number, adminDown: boolean): SwitchPort {
    const port = this.#byId.get(id)
    if (port === undefined) throw new TypeError(`there is no port ${id}`)
    port.isAdminDown = adminDown
    if (adminDown) port.port.cable?.close('administratively down')
    return port
  }
}
