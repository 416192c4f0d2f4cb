import { type Fault, type Random, seededRandom } from '@fivetuple/faults'
import { ManualClock, ManualTimer, SimulatedLink } from '@fivetuple/testkit'
import {
  decodeAdvertisement,
  VirtualRouter,
  type VirtualRouterConfig,
  type VirtualRouterInput,
  type VrrpState,
} from '@fivetuple/vrrp'

const VRID = 1
const VIP = 0x0a00_0101

/** When a router went to which state. */
export interface Move {
  readonly at: number
  readonly router: number
  readonly state: VrrpState
}

export interface LanOptions {
  readonly seed: number
  readonly priorities: readonly number[]
  readonly adverIntervalMs: number
  readonly preempt: boolean
  readonly faults: readonly Fault[]
}

interface Station {
  readonly address: number
  readonly router: VirtualRouter
  readonly timer: ManualTimer
  isDead: boolean
}

/**
 * Routers of one virtual router that hear each other over links with faults, on one virtual clock.
 */
export class SimulatedLan {
  readonly clock = new ManualClock()
  readonly moves: Move[] = []
  readonly #stations: Station[]
  /** From → to. */
  readonly #links: SimulatedLink<Uint8Array>[][]

  constructor({ seed, priorities, adverIntervalMs, preempt, faults }: LanOptions) {
    const random: Random = seededRandom(seed)
    this.#stations = priorities.map((priority, i) => {
      const address = 0x0a00_0001 + i
      const config: VirtualRouterConfig = {
        vrid: VRID,
        localAddress: address,
        priority,
        adverIntervalMs,
        preempt,
        addresses: [VIP],
      }
      const router = new VirtualRouter(config)
      const timer = new ManualTimer(this.clock, () => {
        this.give(i, { type: 'timeout' })
        return router.deadline()
      })
      return { address, router, timer, isDead: false }
    })
    this.#links = this.#stations.map((from) =>
      this.#stations.map(
        (_, to) => new SimulatedLink(this.clock, random, faults, (bytes) => this.#hear(to, from.address, bytes)),
      ),
    )
  }

  /** Indices of those that are alive and Active. */
  get active(): number[] {
    return this.#stations.flatMap(({ router, isDead }, i) => (!isDead && router.state === 'active' ? [i] : []))
  }

  router(i: number): VirtualRouter {
    return this.#stations[i]!.router
  }

  set faults(faults: readonly Fault[]) {
    for (const link of this.#links.flat()) link.faults = faults
  }

  startAll(): this {
    for (const i of this.#stations.keys()) this.give(i, { type: 'startup' })
    return this
  }

  /** Cuts a router off in both directions, without notice. */
  kill(i: number): void {
    const station = this.#stations[i]!
    station.isDead = true
    station.router.handle({ type: 'cut' }, this.clock.now)
    while (station.router.poll() !== undefined);
    this.moves.push({ at: this.clock.now, router: i, state: 'initialize' })
  }

  /** Starts it again after {@link kill}, from nothing. */
  revive(i: number): void {
    this.#stations[i]!.isDead = false
    this.give(i, { type: 'startup' })
  }

  give(i: number, input: VirtualRouterInput): void {
    const { router, timer } = this.#stations[i]!
    router.handle(input, this.clock.now)
    for (let output = router.poll(); output !== undefined; output = router.poll())
      if (output.type === 'state') this.moves.push({ at: this.clock.now, router: i, state: output.state })
      else this.#broadcast(i, output.bytes)
    timer.arm(router.deadline())
  }

  /** Stretches of time in which two or more were Active. */
  overlaps(): { readonly from: number; readonly to: number }[] {
    const overlaps: { from: number; to: number }[] = []
    const active = new Set<number>()
    let since: number | undefined
    for (const { at, router, state } of this.moves) {
      if (state === 'active') active.add(router)
      else active.delete(router)
      if (active.size > 1) since ??= at
      else if (since !== undefined) {
        overlaps.push({ from: since, to: at })
        since = undefined
      }
    }
    if (since !== undefined) overlaps.push({ from: since, to: this.clock.now })
    return overlaps
  }

  #broadcast(from: number, bytes: Uint8Array): void {
    this.#links[from]!.forEach((link, to) => {
      if (to !== from) link.send(bytes)
    })
  }

  #hear(to: number, from: number, bytes: Uint8Array): void {
    const decoded = decodeAdvertisement(bytes)
    if (!decoded.ok) throw new Error(`nobody sends what is ${decoded.fault}`)
    if (!this.#stations[to]!.isDead) this.give(to, { type: 'advertisement', from, advertisement: decoded.value })
  }
}
