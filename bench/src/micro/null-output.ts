import type { PacketOutput } from '@fivetuple/packet'

/** Output that discards packets. Those written last can be inspected. */
export class NullOutput implements PacketOutput {
  readonly blocked = false
  readonly buffer = new Uint8Array(65_535)
  last: Uint8Array = this.buffer
  lastStart = 0
  packetBytes = 0

  reserve(): number {
    return 0
  }

  writeCopy(b: Uint8Array, start: number, end: number): void {
    this.writeOwned(b, start, end)
  }

  writeOwned(b: Uint8Array, start: number, end: number): void {
    this.last = b
    this.lastStart = start
    this.packetBytes += end - start
  }
}
