import type { PacketOutput } from '@fivetuple/packet'

/** Takes packets and forgets them; what was given last can be looked at. */
export class NullOutput implements PacketOutput {
  readonly blocked = false
  readonly buffer = new Uint8Array(65_535)
  last: Uint8Array = this.buffer
  lastStart = 0
  packetBytes = 0

  reserve(): number {
    return 0
  }

  append(b: Uint8Array, start: number, end: number): void {
    this.give(b, start, end)
  }

  give(b: Uint8Array, start: number, end: number): void {
    this.last = b
    this.lastStart = start
    this.packetBytes += end - start
  }
}
