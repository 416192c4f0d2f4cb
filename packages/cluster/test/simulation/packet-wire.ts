import type { Fault, Random } from '@fivetuple/faults'
import { ipv4TotalLength, type PacketOutput } from '@fivetuple/packet'
import { type ManualClock, SimulatedLink } from '@fivetuple/testkit'

/** A cable's one direction on virtual time: takes packets like a port and delivers each by itself, through faults. */
export class PacketWire implements PacketOutput {
  readonly blocked = false
  buffer = new Uint8Array(65_536)
  readonly link: SimulatedLink<Uint8Array>
  readonly #tap: (packet: Uint8Array) => void
  #reserved = 0

  /** @param tap sees each packet as it is put in, before any fault */
  constructor(
    clock: ManualClock,
    random: Random,
    faults: readonly Fault[],
    tap: (packet: Uint8Array) => void,
    deliver: (packet: Uint8Array) => void,
  ) {
    // A duplicate is a packet of its own: its receiver may rewrite it.
    this.link = new SimulatedLink(clock, random, faults, (packet) => deliver(packet.slice()))
    this.#tap = tap
  }

  reserve(length: number): number {
    this.settle()
    this.#reserved = length
    return 0
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.settle()
    for (let o = start; o < end; o += ipv4TotalLength(b, o)) this.#put(b.slice(o, o + ipv4TotalLength(b, o)))
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.writeCopy(b, start, end)
  }

  /** A reserved packet is whole when the next call comes, or the owner says so. */
  settle(): void {
    if (this.#reserved === 0) return
    const packet = this.buffer.slice(0, this.#reserved)
    this.#reserved = 0
    this.#put(packet)
  }

  #put(packet: Uint8Array): void {
    this.#tap(packet)
    this.link.send(packet)
  }
}
