import type { Ipv4Address } from '@fivetuple/packet'
import { type Clock, DeadlineTimer, type OnHappened } from '@fivetuple/runtime'

/** Time over which resets are counted before they are reported, ms. */
const WINDOW_MS = 10
/** Most flows of a window that are distinguished; each further reset counts as one flow. */
const FLOWS_MAX = 65_536

/** Flows by client; clients by service. A key is exact: 32 bits of address, 16 of port. */
type Flows = Map<number, Set<number>>

/**
 * Reports flows that this LB has reset since it has no session of them, counted over 10 ms. A flow
 * with several packets under way gets several resets and counts once. Without resets there is no
 * timer and no cost.
 */
export class ResetHappenings {
  readonly #report: OnHappened
  readonly #clock: Clock
  readonly #timer: DeadlineTimer
  #current: Flows = new Map()
  #previous: Flows = new Map()
  #count = 0
  #size = 0

  constructor(report: OnHappened, clock: Clock) {
    this.#report = report
    this.#clock = clock
    this.#timer = new DeadlineTimer(clock, () => this.#endWindow())
  }

  /** A packet of an unknown flow was answered with a reset. */
  onReset(client: Ipv4Address, clientPort: number, vip: Ipv4Address, vipPort: number): void {
    if (this.#size === 0) this.#timer.arm(this.#clock.now() + WINDOW_MS)
    const service = vip * 0x1_0000 + vipPort
    const flow = client * 0x1_0000 + clientPort
    const known = this.#current.get(service)
    if (known?.has(flow)) return
    this.#size++
    if (!this.#previous.get(service)?.has(flow)) this.#count++
    if (this.#size > FLOWS_MAX) return
    if (known === undefined) this.#current.set(service, new Set([flow]))
    else known.add(flow)
  }

  close(): void {
    this.#timer.close()
  }

  /** Reports the window; the next one begins if it has had resets. */
  #endWindow(): number {
    const flows = this.#count
    this.#previous = this.#current
    this.#current = new Map()
    this.#count = 0
    this.#size = 0
    if (flows > 0) this.#report({ kind: 'flows.unknown', flows })
    return Number.POSITIVE_INFINITY
  }
}
