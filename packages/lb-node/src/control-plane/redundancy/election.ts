import type { Ipv4Address } from '@fivetuple/packet'
import type { Clock } from '@fivetuple/runtime'
import { VirtualRouter, type VirtualRouterConfig, type VirtualRouterInput, type VrrpState } from '@fivetuple/vrrp'

/** Handlers of a machine's outputs. */
export interface ElectionEvents {
  readonly onSend: (message: Uint8Array) => void
  readonly onState: (election: Election, reason: string) => void
}

/**
 * Participation of this LB in an election. `withdraws`: it leaves, and its peers can be notified;
 * `is-cut-off`: they can't be reached.
 */
export type Participation = 'takes-part' | 'withdraws' | 'is-cut-off'

const INPUT_OF = {
  'takes-part': { type: 'startup' },
  withdraws: { type: 'shutdown' },
  'is-cut-off': { type: 'cut' },
} as const satisfies Record<Participation, VirtualRouterInput>

/** The election of one VIP: its machine, fed and emptied. */
export class Election {
  readonly vip: Ipv4Address
  readonly vrid: number
  readonly #router: VirtualRouter
  readonly #clock: Clock
  readonly #events: ElectionEvents
  #since: number

  /** @param config with the VIP as its only address */
  constructor(vip: Ipv4Address, config: Omit<VirtualRouterConfig, 'addresses'>, clock: Clock, events: ElectionEvents) {
    this.vip = vip
    this.vrid = config.vrid
    this.#router = new VirtualRouter({ ...config, addresses: [vip] })
    this.#clock = clock
    this.#events = events
    this.#since = clock.now()
  }

  get state(): VrrpState {
    return this.#router.state
  }

  /** Router address of the LB that carries the VIP, as far as known. */
  get activeAddress(): Ipv4Address | undefined {
    return this.#router.activeAddress
  }

  get sinceMs(): number {
    return this.#clock.now() - this.#since
  }

  /** When {@link input} wants a timeout at the latest. */
  get deadline(): number {
    return this.#router.deadline()
  }

  take(participation: Participation): void {
    this.input(INPUT_OF[participation])
  }

  input(input: VirtualRouterInput): void {
    this.#router.handle(input, this.#clock.now())
    for (let output = this.#router.poll(); output !== undefined; output = this.#router.poll())
      if (output.type === 'send') this.#events.onSend(output.bytes)
      else {
        this.#since = this.#clock.now()
        this.#events.onState(this, output.reason)
      }
  }
}
