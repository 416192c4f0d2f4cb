import { PacketBatch, type PacketOutput } from '@fivetuple/packet'
import type { Cable } from './cable.js'

/**
 * Port of a switch or an LB. It stays while cables come and go. Without carrier, packets are
 * dropped and counted.
 */
export class CablePort implements PacketOutput {
  #cable: Cable | undefined
  /** Output of packets while there is carrier: of the cable, or the diversion. */
  #carried: PacketOutput | undefined
  #diversion: PacketOutput | undefined
  readonly #bin = new PacketBatch()
  /** Number of packets (or runs of packets) dropped without carrier. */
  lostWithoutCarrier = 0

  get cable(): Cable | undefined {
    return this.#cable
  }

  /** True while the port has carrier. */
  get isUp(): boolean {
    return this.#cable !== undefined
  }

  /** Plugs in a cable that is up, after the one before is unplugged. */
  plug(cable: Cable): void {
    const before = this.#cable
    this.#cable = cable
    this.#carried = this.#diversion ?? cable.output
    before?.close('replaced by a newer cable')
  }

  /** Unplugs a cable; returns false if another one has taken its place already. */
  unplug(cable: Cable): boolean {
    if (this.#cable !== cable) return false
    this.#cable = undefined
    this.#carried = undefined
    return true
  }

  /**
   * Passes all packets to `output` instead of the cable, until it is called without one. Packets
   * without carrier are dropped as before. A port without a diversion does the same work as ever.
   */
  divert(output: PacketOutput | undefined): void {
    this.#diversion = output
    if (this.#cable !== undefined) this.#carried = output ?? this.#cable.output
  }

  /**
   * Writes a packet to the cable, past a diversion. The port owns the bytes from then on. Without
   * carrier, the packet is dropped and counted.
   */
  writePastDiversion(packet: Uint8Array): void {
    const cable = this.#cable
    if (cable === undefined) this.lostWithoutCarrier++
    else cable.output.writeOwned(packet, 0, packet.length)
  }

  /** True while the queue of the cable itself is over its limit. */
  get isCableBlocked(): boolean {
    return this.#cable?.output.blocked ?? false
  }

  get blocked(): boolean {
    return this.#carried?.blocked ?? false
  }

  /** True while no run of {@link writeOwned} is queued or being written. */
  get idle(): boolean {
    return this.#cable?.output.idle ?? true
  }

  get buffer(): Uint8Array {
    return (this.#carried ?? this.#bin).buffer
  }

  reserve(length: number): number {
    return this.#output().reserve(length)
  }

  reserveHead(head: number, b: Uint8Array, start: number, end: number): number {
    const output = this.#output()
    return output.reserveHead?.(head, b, start, end) ?? output.reserve(head)
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.#output().writeCopy(b, start, end)
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.#output().writeOwned(b, start, end)
  }

  /** Delays all packets until {@link uncork}, which must follow within this turn. */
  cork(): void {
    this.#cable?.output.cork()
  }

  /** Ends {@link cork} and sends all packets. */
  uncork(): void {
    this.#cable?.output.uncork()
  }

  #output(): PacketOutput {
    const carried = this.#carried
    if (carried !== undefined) return carried
    this.lostWithoutCarrier++
    this.#bin.clear()
    return this.#bin
  }
}
