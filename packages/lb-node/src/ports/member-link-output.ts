import type { PacketOutput } from '@fivetuple/packet'
import type { CablePort } from '@fivetuple/runtime'
import type { MemberLinks } from '../data-plane/member-links.js'

/**
 * A port whose cable has several lanes, as the forwarder sees it: what it puts in goes out by the lane that was selected
 * last. A run of packets came in by one lane and all that follows from it leaves by lanes of the same number, so a flow
 * stays on one line card of either switch, and no packet asks which.
 */
export class LanePort implements PacketOutput, MemberLinks {
  readonly lanes: readonly CablePort[]
  #lane: CablePort
  #selected = 0

  /** @param lanes at least one; the first is selected */
  constructor(lanes: readonly CablePort[]) {
    this.lanes = lanes
    this.#lane = lanes[0]!
  }

  /** The lane that was selected last, from 0. */
  get selected(): number {
    return this.#selected
  }

  select(lane: number): void {
    this.#selected = lane
    this.#lane = this.lanes[lane]!
  }

  get blocked(): boolean {
    return this.#lane.blocked
  }

  get buffer(): Uint8Array {
    return this.#lane.buffer
  }

  reserve(length: number): number {
    return this.#lane.reserve(length)
  }

  append(b: Uint8Array, start: number, end: number): void {
    this.#lane.append(b, start, end)
  }

  give(b: Uint8Array, start: number, end: number): void {
    this.#lane.give(b, start, end)
  }
}
