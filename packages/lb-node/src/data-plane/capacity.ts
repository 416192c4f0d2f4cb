import { TokenBucket } from '@fivetuple/packet'
import type { CapacityConfig } from '../config.js'

/** What may come at once after a quiet while, as time's worth of the rate: well below what a person would call an overload. */
const BURST_MS = 100

/**
 * What one LB can carry: beyond it packets and new flows are lost, as in a device that is out of breath. Without limits it
 * is as fast as the machine.
 */
export class Capacity {
  readonly #packets: TokenBucket | undefined
  readonly #newFlows: TokenBucket | undefined

  /** @param now ms */
  constructor({ packetsPerSecond, newFlowsPerSecond }: CapacityConfig, now: number) {
    this.#packets = rateLimit(packetsPerSecond, now)
    this.#newFlows = rateLimit(newFlowsPerSecond, now)
  }

  /** Whether there is room for a packet, in either direction; takes it. */
  takePacket(now: number): boolean {
    return this.#packets === undefined || this.#packets.take(now)
  }

  /** Whether there is room for a new flow; takes it. */
  takeNewFlow(now: number): boolean {
    return this.#newFlows === undefined || this.#newFlows.take(now)
  }
}

/** A token bucket for a configured rate, events a second; undefined for null: no limit. @param now ms */
export function rateLimit(perSecond: number | null, now: number): TokenBucket | undefined {
  return perSecond === null ? undefined : new TokenBucket(perSecond, Math.max(1, (perSecond * BURST_MS) / 1000), now)
}
