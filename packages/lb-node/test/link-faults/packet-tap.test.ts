import { PacketBatch } from '@fivetuple/packet'
import { type Cable, CablePort } from '@fivetuple/runtime'
import t from 'tap'
import { PacketTap } from '../../dist/link-faults/packet-tap.js'
import { packet } from './rig.js'

/** A port whose cable keeps what is written. */
function pluggedPort() {
  const output = Object.assign(new PacketBatch(), { idle: true })
  const cable = { output, close: () => {} } as unknown as Cable
  const port = new CablePort()
  port.plug(cable)
  /** Marks of the packets on the cable. */
  const marks = (): number[] => {
    const { buffer, length } = output
    return Array.from({ length: length / 100 }, (_, i) => buffer[i * 100 + 99]!)
  }
  return { port, cable, marks }
}

t.test('packets of every way to write are passed on one by one, in order, as copies', async (t) => {
  const { port, marks } = pluggedPort()
  const taken: Uint8Array[] = []
  const tap = new PacketTap(port, (packet) => taken.push(packet))
  port.writeCopy(packet(1), 0, 100)
  port.divert(tap)
  const run = new Uint8Array([...packet(2), ...packet(3)])
  port.writeCopy(run, 0, 200)
  run.fill(0)
  port.buffer.set(packet(4), port.reserve(100))
  const body = packet(5)
  const at = port.reserveHead(40, body, 40, 100)
  port.buffer.set(body.subarray(0, 40), at)
  port.writeOwned(packet(6), 0, 100)
  t.notOk(tap.isEmpty)
  await Promise.resolve()
  t.ok(tap.isEmpty)
  t.strictSame(
    taken.map((packet) => packet[99]),
    [2, 3, 4, 5, 6],
  )
  t.strictSame(taken[3], packet(5))
  t.strictSame(marks(), [1])
  port.writePastDiversion(taken[1]!)
  port.divert(undefined)
  port.writeCopy(packet(7), 0, 100)
  t.strictSame(marks(), [1, 3, 7])
})

t.test('a diversion outlives its cable; packets without carrier are dropped', async (t) => {
  const { port, cable } = pluggedPort()
  const taken: Uint8Array[] = []
  port.divert(new PacketTap(port, (packet) => taken.push(packet)))
  port.unplug(cable)
  port.writeCopy(packet(1), 0, 100)
  port.writePastDiversion(packet(2))
  t.equal(port.lostWithoutCarrier, 2)
  port.plug(cable)
  port.writeCopy(packet(3), 0, 100)
  await Promise.resolve()
  t.strictSame(
    taken.map((packet) => packet[99]),
    [3],
  )
})
