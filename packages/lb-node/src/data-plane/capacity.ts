import { TokenBucket } from '@fivetuple/packet'
import type { CapacityConfig } from '../config.js'

/**
 * Burst after a quiet period, as time at the configured rate, ms: far shorter than an overload that
 * a person notices.
 */
const BURST_MS = 100

/**
 * Capacity of one LB. Packets and new flows above it are dropped, as in an overloaded device.
 * Without limits the LB is as fast as the machine.
 */
export class Capacity {
  readonly #packets: TokenBucket | undefined
  readonly #newFlows: TokenBucket | undefined

  /** @param now ms */
  constructor({ packetsPerSecond, newFlowsPerSecond }: CapacityConfig, now: number) {
    this.#packets = rateLimit(packetsPerSecond, now)
    this.#newFlows = rateLimit(newFlowsPerSecond, now)
  }

  /** Takes capacity for one packet in either direction; returns false if there is none. */
  takePacket(now: number): boolean {
    return this.#packets === undefined || this.#packets.take(now)
  }

  /** Takes capacity for one new flow; returns false if there is none. */
  takeNewFlow(now: number): boolean {
    return this.#newFlows === undefined || this.#newFlows.take(now)
  }
}

/**
 * A token bucket for a configured rate, events a second; undefined for null: no limit. @param now
 * ms
 */
export function rateLimit(perSecond: number | null, now: number): TokenBucket | undefined {
  return perSecond === null ? undefined : new TokenBucket(perSecond, Math.max(1, (perSecond * BURST_MS) / 1000), now)
}
