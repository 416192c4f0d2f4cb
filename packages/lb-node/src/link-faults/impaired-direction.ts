import { FAULT_KINDS, type Fault, type LinkFaultCounters, LinkFaults, type Traffic } from '@fivetuple/faults'
import { mix32 } from '@fivetuple/packet'
import type { Clock } from '@fivetuple/runtime'
import type { LinkFault } from '../config.js'

/** Passes a packet on when it arrives. A duplicate is passed on twice. */
export type Arrive = (now: number) => void

export interface DirectionEvents {
  /** The next deadline may be earlier now. */
  onDeadline(deadline: number): void
  /** The result of {@link ImpairedDirection.isIdle} may have changed. */
  onIdleChange(): void
}

/** Faults of one direction of one link, and the packets under way, of data and control. */
export class ImpairedDirection {
  readonly #clock: Clock
  readonly #salt: number
  readonly #events: DirectionEvents
  readonly #link = new LinkFaults<Arrive>()
  /** JSON of the faults, by id. */
  readonly #present = new Map<string, string>()

  /** @param salt number of the direction: a fault of both draws other chances in each */
  constructor(clock: Clock, salt: number, events: DirectionEvents) {
    this.#clock = clock
    this.#salt = salt
    this.#events = events
  }

  /** Faults of the direction, in the order in which they compose. */
  get faults(): LinkFaults<Arrive>['faults'] {
    return this.#link.faults
  }

  get counters(): LinkFaultCounters {
    return this.#link.counters()
  }

  /** True if packets of this traffic need not be passed to {@link send}. */
  isIdle(traffic: Traffic): boolean {
    return this.#link.isIdle(traffic)
  }

  /** Replaces the faults. Those that are there already, with all their fields, keep their state. */
  setFaults(faults: readonly LinkFault[]): void {
    const wanted = new Map(faults.map((fault) => [fault.id, JSON.stringify(fault)]))
    for (const [id, json] of this.#present)
      if (wanted.get(id) !== json) {
        this.#link.clear(id)
        this.#present.delete(id)
      }
    for (const { id, fault, seed, scope } of faults) {
      if (this.#present.has(id)) continue
      this.#link.add(id, fault, this.#seedOf(seed, fault), this.#clock.now(), scope)
      this.#present.set(id, wanted.get(id)!)
    }
    this.#events.onIdleChange()
  }

  /** Faults of one command have one seed. Their chances are independent all the same. */
  #seedOf(seed: number, { kind }: Fault): number {
    const place = FAULT_KINDS.findIndex((known) => known.kind === kind)
    return mix32(seed ^ (this.#salt * FAULT_KINDS.length + place))
  }

  /** Sends a packet; `arrive` is called when it arrives, at once if no fault delays it. */
  send(traffic: Traffic, bytes: number, arrive: Arrive): void {
    const now = this.#clock.now()
    this.#link.impair(arrive, bytes, now, traffic)
    this.deliver(now)
    this.#events.onDeadline(this.#link.deadline())
  }

  /** Returns the time of the next {@link deliver}, ms; Infinity: no packet is under way. */
  deadline(): number {
    return this.#link.deadline()
  }

  /** Passes on what has arrived at `now`. */
  deliver(now: number): void {
    let hasDelivered = false
    for (let due = this.#link.next(now); due !== undefined; due = this.#link.next(now)) {
      hasDelivered = true
      due.item(now)
    }
    if (hasDelivered && this.#link.isIdle('data')) this.#events.onIdleChange()
  }
}
