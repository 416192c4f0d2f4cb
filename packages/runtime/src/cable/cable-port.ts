import { PacketBatch, type PacketOutput } from '@fivetuple/packet'
import type { Cable } from './cable.js'

/**
 * A port of a switch or an LB: it stays while cables come and go. Without a carrier packets that are put in are lost and
 * counted, as at a port whose link is down.
 */
export class CablePort implements PacketOutput {
  #cable: Cable | undefined
  readonly #bin = new PacketBatch()
  /** Packets (or runs of packets) lost because there was no carrier. */
  lostWithoutCarrier = 0

  get cable(): Cable | undefined {
    return this.#cable
  }

  /** Carrier. */
  get isUp(): boolean {
    return this.#cable !== undefined
  }

  /** Plugs a cable in that has come up; the one that was in is pulled out first. */
  plug(cable: Cable): void {
    const before = this.#cable
    this.#cable = cable
    before?.close('replaced by a newer cable')
  }

  /** Takes a cable out; returns false when another one has taken its place already. */
  unplug(cable: Cable): boolean {
    if (this.#cable !== cable) return false
    this.#cable = undefined
    return true
  }

  get blocked(): boolean {
    return this.#cable?.output.blocked ?? false
  }

  /** True while no run of {@link writeOwned} is queued or being written. */
  get idle(): boolean {
    return this.#cable?.output.idle ?? true
  }

  get buffer(): Uint8Array {
    return (this.#cable?.output ?? this.#bin).buffer
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

  /** Delays what is written until {@link uncork}, which must follow within this turn. */
  cork(): void {
    this.#cable?.output.cork()
  }

  /** Ends {@link cork}: sends all that has been written. */
  uncork(): void {
    this.#cable?.output.uncork()
  }

  #output(): PacketOutput {
    const cable = this.#cable
    if (cable !== undefined) return cable.output
    this.lostWithoutCarrier++
    this.#bin.clear()
    return this.#bin
  }
}
