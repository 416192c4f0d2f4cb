import { IPV4_HEADER_BYTES, IpProtocol, writeIpv4Header } from '@fivetuple/packet'
import { ManualClock, PacketWire } from '@fivetuple/testkit'
import t from 'tap'

function packet(length: number): Uint8Array {
  const b = new Uint8Array(length).fill(length)
  writeIpv4Header(b, 0, length, 64, IpProtocol.UDP, 1, 2)
  return b
}

function start() {
  const clock = new ManualClock()
  const kept: Uint8Array[] = []
  const copied: Uint8Array[] = []
  const wire = new PacketWire(
    (run) => void clock.schedule(clock.now + 1, run),
    (b, from, to) => {
      kept.push(b.subarray(from, to))
      copied.push(b.slice(from, to))
    },
  )
  return { clock, kept, copied, wire }
}

t.test('packets are delivered one by one, in the next turn, in order', async (t) => {
  const { clock, copied, wire } = start()
  const packets = [packet(30), packet(40), packet(50)]
  const at = wire.reserve(30)
  wire.buffer.set(packets[0]!, at)
  wire.writeCopy(packets[1]!, 0, 40)
  wire.writeOwned(packets[2]!, 0, 50)
  t.strictSame(copied, [])
  clock.advance(1)
  t.strictSame(copied, packets)
  t.strictSame(wire.log, packets)
})

t.test('bytes that a receiver keeps without a copy are overwritten', async (t) => {
  const { clock, kept, wire } = start()
  wire.writeCopy(packet(30), 0, 30)
  clock.advance(1)
  t.ok(kept[0]!.every((byte) => byte === 0xee))
})

t.test('a cut wire delivers nothing', async (t) => {
  const { clock, copied, wire } = start()
  wire.isCut = true
  wire.writeCopy(packet(IPV4_HEADER_BYTES), 0, IPV4_HEADER_BYTES)
  clock.advance(1)
  t.strictSame(copied, [])
  t.equal(wire.log.length, 1)
})
