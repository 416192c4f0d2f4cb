import type { Delivery } from './delivery.js'
import { DeliveryQueue } from './delivery-queue.js'
import { type AddedFault, FaultChain, type Scope, type Traffic } from './fault-chain.js'
import { seededRandom } from './random.js'
import type { Fault, FaultName } from './registry.js'

/** Limits of the packets under way on one direction of an impaired link. */
export interface QueueLimits {
  /** At least 1. */
  readonly packets: number
  /** At least the size of the largest packet. */
  readonly bytes: number
}

/** About 50 ms of the smallest packets, or of the largest, at 10 Gbit/s. */
export const QUEUE_LIMITS: QueueLimits = { packets: 65_536, bytes: 64 * 1024 * 1024 }

/**
 * Counters of one direction of an impaired link. Always: `sent` + `duplicates` = `delivered` +
 * `queued` + the sum of `drops`.
 */
export interface LinkFaultCounters {
  /** Packets passed to {@link LinkFaults.impair}. */
  readonly sent: number
  /** Copies made. */
  readonly duplicates: number
  /** Deliveries that {@link LinkFaults.next} returned. */
  readonly delivered: number
  /** Packets under way. */
  readonly queued: number
  /** Packets dropped per cause: a kind of fault, or `queue-full` for {@link QueueLimits}. */
  readonly drops: Readonly<Record<FaultName | 'queue-full', number>>
}

/** Packet under way. */
interface Held<T> {
  readonly item: T
  readonly traffic: Traffic
}

/**
 * Faults of one direction of one link, and the packets that they hold. It has no clock: its owner
 * calls {@link next} at {@link deadline}. While {@link isEmpty}, the owner sends packets past it.
 *
 * @example
 * if (faults.isEmpty) send(packet)
 * else faults.impair(packet, packet.length, now)
 * for (let due = faults.next(now); due !== undefined; due = faults.next(now)) send(due.item)
 */
export class LinkFaults<T> {
  readonly #chain = new FaultChain()
  readonly #queue = new DeliveryQueue<Held<T>>()
  readonly #limits: QueueLimits
  /** Latest delivery so far, ms. Traffic that a fault leaves alone does not wait behind other. */
  readonly #latestAt = { data: Number.NEGATIVE_INFINITY, control: Number.NEGATIVE_INFINITY }
  /** Packets under way. */
  readonly #queued = { data: 0, control: 0 }
  #sent = 0
  #delivered = 0
  #queueFull = 0
  #isEmpty = true

  constructor(limits: QueueLimits = QUEUE_LIMITS) {
    this.#limits = limits
  }

  /** True while there is neither a fault nor a packet under way. */
  get isEmpty(): boolean {
    return this.#isEmpty
  }

  /** Faults in the order in which they compose. */
  get faults(): readonly AddedFault[] {
    return this.#chain.faults
  }

  /** True while no fault reaches this traffic and none of its packets is under way. */
  isIdle(traffic: Traffic): boolean {
    return this.#queued[traffic] === 0 && !this.#chain.reaches(traffic)
  }

  /**
   * Adds a fault that starts at `now` (ms). Packets under way keep their times.
   *
   * @param id unused name, for {@link clear}
   * @param seed 32 bits; the same seed yields the same chances, whatever else is on the link
   * @param scope traffic that it reaches
   * @throws Error if the id is in use
   */
  add(id: string, fault: Fault, seed: number, now: number, scope: Scope = 'all'): void {
    this.#chain.add(id, fault, seededRandom(seed), now, scope)
    this.#isEmpty = false
  }

  /** Clears one fault. Packets under way keep their times. Returns false if it does not exist. */
  clear(id: string): boolean {
    const isFound = this.#chain.clear(id)
    this.#settle()
    return isFound
  }

  /** Clears all faults. Packets under way keep their times, and later ones do not overtake them. */
  clearAll(): void {
    this.#chain.clearAll()
    this.#settle()
  }

  /**
   * Takes a packet. {@link next} returns its deliveries: one, several, or none.
   *
   * @param item the packet; a duplicate is the same item twice
   * @param bytes size of the packet
   * @param now time, ms; not before that of the last call
   * @param traffic what the packet is; packets of one kind of traffic keep their order
   * @returns number of deliveries that were queued
   */
  impair(item: T, bytes: number, now: number, traffic: Traffic = 'data'): number {
    this.#sent++
    let queued = 0
    const reorders = this.#chain.reorders(traffic)
    for (const at of this.#chain.impair(bytes, now, traffic)) {
      if (this.#queue.packets >= this.#limits.packets || this.#queue.bytes + bytes > this.#limits.bytes) {
        this.#queueFull++
        continue
      }
      // A fault that was cleared may have left packets under way: they are not overtaken.
      const inOrderAt = reorders ? at : Math.max(at, this.#latestAt[traffic])
      this.#latestAt[traffic] = Math.max(this.#latestAt[traffic], inOrderAt)
      this.#queue.push({ item, traffic }, bytes, inOrderAt)
      queued++
    }
    this.#queued[traffic] += queued
    this.#settle()
    return queued
  }

  /** Returns the time of the next delivery, ms; Infinity if no packet is under way. */
  deadline(): number {
    return this.#queue.nextAt
  }

  /** Removes and returns the next delivery that is due at `now` (ms); undefined if none is. */
  next(now: number): Delivery<T> | undefined {
    if (this.#queue.nextAt > now) return undefined
    const delivery = this.#queue.pop()
    if (delivery === undefined) return undefined
    const { item, traffic } = delivery.item
    this.#queued[traffic]--
    this.#delivered++
    this.#settle()
    return { at: delivery.at, item }
  }

  /** Returns true while no fault takes the carrier from the link. */
  isUp(now: number): boolean {
    return this.#chain.isUp(now)
  }

  /** Returns the time after `now` at which {@link isUp} may change, ms; Infinity: never. */
  carrierChangesAt(now: number): number {
    return this.#chain.carrierChangesAt(now)
  }

  /** Returns the counters, a copy. */
  counters(): LinkFaultCounters {
    return {
      sent: this.#sent,
      duplicates: this.#chain.duplicates,
      delivered: this.#delivered,
      queued: this.#queue.packets,
      drops: { ...this.#chain.drops, 'queue-full': this.#queueFull },
    }
  }

  #settle(): void {
    this.#isEmpty = this.#chain.isEmpty && this.#queue.packets === 0
  }
}
