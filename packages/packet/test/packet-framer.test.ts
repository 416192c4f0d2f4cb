import assert from 'node:assert/strict'
import { ipv4TotalLength, PacketFramer } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { CAPTURED_SYN, CAPTURED_UDP, hex, packet } from './samples.js'

/** A framer that keeps copies of the packets, one by one, and checks that runs are made of whole packets. */
function collector() {
  const packets: Uint8Array[] = []
  let runs = 0
  const framer = new PacketFramer((b, start, end) => {
    runs++
    assert.ok(end > start)
    let o = start
    for (; o < end; o += ipv4TotalLength(b, o)) packets.push(b.slice(o, o + ipv4TotalLength(b, o)))
    assert.equal(o, end)
  })
  return { framer, packets, runs: () => runs }
}

/** Pushes a copy of each chunk and spoils it afterwards: nothing may depend on the chunk for longer. */
function push(framer: PacketFramer, chunk: Uint8Array): boolean {
  const copy = chunk.slice()
  const good = framer.push(copy, 0, copy.length)
  copy.fill(0xee)
  return good
}

function concat(packets: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((p) => [...p]))
}

/** The shortest packet: a header and nothing else. */
const HEADER_ONLY = hex('45 00 00 14 00 00 40 00 40 ff 00 00 7f 00 00 01 7f 00 00 02')

t.test('whole packets in one chunk are one run, and nothing is kept', async (t) => {
  const { framer, packets, runs } = collector()
  t.ok(push(framer, concat([CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])))
  t.same(packets, [CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])
  t.equal(runs(), 1)
  t.equal(framer.pendingBytes, 0)
})

t.test('packets inside one chunk are not copied', async (t) => {
  const chunk = concat([hex('ee ee ee'), CAPTURED_SYN, CAPTURED_UDP, hex('45 00')])
  let seen: [Uint8Array, number, number] | undefined
  new PacketFramer((...run) => {
    seen = run
  }).push(chunk, 3, chunk.length)
  t.equal(seen?.[0], chunk)
  t.same(seen?.slice(1), [3, 101])
})

t.test('byte by byte', async (t) => {
  const { framer, packets } = collector()
  const wire = concat([CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])
  for (let i = 0; i < wire.length; i++) {
    t.ok(push(framer, wire.subarray(i, i + 1)))
    if (i === 30) t.equal(framer.pendingBytes, 31)
  }
  t.same(packets, [CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])
  t.equal(framer.pendingBytes, 0)
})

t.test('however the stream is cut, the same packets come out', async () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(packet, fc.constant(HEADER_ONLY)), { maxLength: 10 }),
      cuts,
      fc.nat(59),
      (sent, cuts, rest) => {
        const { framer, packets } = collector()
        const wire = concat([...sent, CAPTURED_SYN.subarray(0, rest)])
        for (let o = 0, i = 0; o < wire.length; i++) {
          const step = Math.max(cuts[i % cuts.length]!, i % 3)
          assert.equal(push(framer, wire.subarray(o, o + step)), true)
          o += step
        }
        assert.deepEqual(packets, sent)
        assert.equal(framer.pendingBytes, rest)
      },
    ),
    { numRuns: 300 },
  )
})

t.test('the longest packet', async (t) => {
  const { framer, packets } = collector()
  const longest = new Uint8Array(65_535).fill(7)
  longest.set(hex('45 00 ff ff'))
  t.ok(push(framer, longest.subarray(0, 19)))
  t.ok(push(framer, longest.subarray(19, 40_000)))
  t.equal(framer.pendingBytes, 40_000)
  t.ok(push(framer, concat([longest.subarray(40_000), CAPTURED_UDP])))
  t.equal(Buffer.compare(packets[0]!, longest), 0)
  t.same(packets.slice(1), [CAPTURED_UDP])
})

const BAD = {
  'another version': '65 00 00 14',
  'a header of four words': '44 00 00 14',
  'shorter than its header': '45 00 00 13',
  'shorter than its options': '4f 00 00 3b',
  'no length at all': '45 00 00 00',
}
for (const [name, start] of Object.entries(BAD)) {
  const bad = new Uint8Array(60)
  bad.set(hex(start))
  t.test(`a bad header ends the stream: ${name}`, async (t) => {
    const whole = collector()
    t.notOk(push(whole.framer, concat([CAPTURED_SYN, CAPTURED_UDP, bad, CAPTURED_SYN])))
    t.same(whole.packets, [CAPTURED_SYN, CAPTURED_UDP])
    const straddling = collector()
    t.ok(push(straddling.framer, concat([CAPTURED_SYN, bad.subarray(0, 10)])))
    t.notOk(push(straddling.framer, bad.subarray(10)))
    t.same(straddling.packets, [CAPTURED_SYN])
    const afterStraddling = collector()
    t.ok(push(afterStraddling.framer, CAPTURED_SYN.subarray(0, 30)))
    t.notOk(push(afterStraddling.framer, concat([CAPTURED_SYN.subarray(30), bad])))
    t.same(afterStraddling.packets, [CAPTURED_SYN])
  })
}

t.test('any bytes in any cuts give packets or an end, and little is held', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), fc.boolean(), (chunks, plausible) => {
      const { framer } = collector()
      if (plausible && chunks[0] !== undefined && chunks[0].length > 3) chunks[0].set([0x45, 0, 0, 70])
      for (const chunk of chunks) {
        if (!push(framer, chunk)) return
        assert.ok(framer.pendingBytes <= 65_535)
      }
    }),
  )
})
