import assert from 'node:assert/strict'
import { ipv4TotalLength, PacketReader } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { CAPTURED_SYN, CAPTURED_UDP, hex, packet } from './samples.js'

const BUFFER_BYTES = 131_070

/**
 * A reader whose packets are copied one by one, and that checks that runs are made of whole packets. Where memory may be
 * used again, it is spoiled after each run: nothing may depend on it for longer.
 */
function collector(reuses = true) {
  const packets: Uint8Array[] = []
  const kept: Uint8Array[] = []
  let runs = 0
  const reader = new PacketReader({
    bufferBytes: BUFFER_BYTES,
    onRun: (b, start, end) => {
      runs++
      assert.ok(end > start)
      let o = start
      for (; o < end; o += ipv4TotalLength(b, o)) {
        packets.push(b.slice(o, o + ipv4TotalLength(b, o)))
        kept.push(b.subarray(o, o + ipv4TotalLength(b, o)))
      }
      assert.equal(o, end)
      if (reuses) b.fill(0xee, start, end)
    },
    ...(reuses ? { isFree: () => true } : {}),
  })
  return { reader, packets, kept, runs: () => runs }
}

/** Reads a chunk as a socket would, in as many reads as it takes. */
function push(reader: PacketReader, chunk: Uint8Array): boolean {
  for (let o = 0; o < chunk.length; ) {
    const piece = chunk.subarray(o, o + reader.space.length)
    assert.ok(piece.length > 0)
    reader.space.set(piece)
    if (!reader.take(piece.length)) return false
    o += piece.length
  }
  return true
}

function concat(packets: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(packets.flatMap((p) => [...p]))
}

/** The shortest packet: a header and nothing else. */
const HEADER_ONLY = hex('45 00 00 14 00 00 40 00 40 ff 00 00 7f 00 00 01 7f 00 00 02')

t.test('whole packets in one chunk are one run, and no bytes are kept', async (t) => {
  const { reader, packets, runs } = collector()
  t.ok(push(reader, concat([CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])))
  t.same(packets, [CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])
  t.equal(runs(), 1)
  t.equal(reader.pendingBytes, 0)
})

t.test(
  'packets are handed on where they were read, and what stands in front of the stream is passed over',
  async (t) => {
    let seen: [Uint8Array, number, number] | undefined
    const reader = new PacketReader({
      bufferBytes: BUFFER_BYTES,
      onRun: (...run) => {
        seen = run
      },
    })
    const { space } = reader
    const chunk = concat([hex('ee ee ee'), CAPTURED_SYN, CAPTURED_UDP, hex('45 00')])
    space.set(chunk)
    t.ok(reader.take(chunk.length, 3))
    t.equal(seen?.[0], space)
    t.same(seen?.slice(1), [3, 101])
    t.equal(reader.pendingBytes, 2)
  },
)

t.test('what is kept stays as it was, however much follows', async (t) => {
  let isFree = false
  const kept: Uint8Array[] = []
  const reader = new PacketReader({
    bufferBytes: BUFFER_BYTES,
    onRun: (b, start, end) => kept.push(b.subarray(start, end)),
    isFree: () => isFree,
  })
  const sent = Array.from({ length: 40 }, (_, i) => {
    const b = new Uint8Array(20_000).fill(i)
    b.set(hex('45 00 4e 20'))
    return b
  })
  for (const b of sent) t.ok(push(reader, b))
  t.equal(Buffer.compare(Buffer.concat(kept), Buffer.concat(sent)), 0)
  // Free again, one buffer serves all that follows.
  isFree = true
  const memory = new Set<ArrayBufferLike>()
  for (const b of sent) {
    memory.add(reader.space.buffer)
    push(reader, b)
  }
  t.equal(memory.size, 1)
})

t.test('byte by byte', async (t) => {
  const { reader, packets } = collector()
  const wire = concat([CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])
  for (let i = 0; i < wire.length; i++) {
    t.ok(push(reader, wire.subarray(i, i + 1)))
    if (i === 30) t.equal(reader.pendingBytes, 31)
  }
  t.same(packets, [CAPTURED_SYN, HEADER_ONLY, CAPTURED_UDP])
  t.equal(reader.pendingBytes, 0)
})

t.test('however the stream is cut, the same packets come out', async () => {
  const cuts = fc.array(fc.integer({ min: 0, max: 90 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(
      fc.array(fc.oneof(packet, fc.constant(HEADER_ONLY)), { maxLength: 10 }),
      cuts,
      fc.nat(59),
      (sent, cuts, rest) => {
        const { reader, packets, kept } = collector(cuts[0]! % 2 === 0)
        const wire = concat([...sent, CAPTURED_SYN.subarray(0, rest)])
        for (let o = 0, i = 0; o < wire.length; i++) {
          const step = Math.max(cuts[i % cuts.length]!, i % 3)
          assert.equal(push(reader, wire.subarray(o, o + step)), true)
          o += step
        }
        assert.deepEqual(packets, sent)
        if (cuts[0]! % 2 === 1)
          assert.deepEqual(
            kept.map((b) => b.slice()),
            sent,
          )
        assert.equal(reader.pendingBytes, rest)
      },
    ),
    { numRuns: 300 },
  )
})

t.test('the longest packet', async (t) => {
  const { reader, packets } = collector()
  const longest = new Uint8Array(65_535).fill(7)
  longest.set(hex('45 00 ff ff'))
  t.ok(push(reader, longest.subarray(0, 19)))
  t.ok(push(reader, longest.subarray(19, 40_000)))
  t.equal(reader.pendingBytes, 40_000)
  t.ok(push(reader, concat([longest.subarray(40_000), CAPTURED_UDP])))
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
    t.notOk(push(whole.reader, concat([CAPTURED_SYN, CAPTURED_UDP, bad, CAPTURED_SYN])))
    t.same(whole.packets, [CAPTURED_SYN, CAPTURED_UDP])
    const straddling = collector()
    t.ok(push(straddling.reader, concat([CAPTURED_SYN, bad.subarray(0, 10)])))
    t.notOk(push(straddling.reader, bad.subarray(10)))
    t.same(straddling.packets, [CAPTURED_SYN])
    const afterStraddling = collector()
    t.ok(push(afterStraddling.reader, CAPTURED_SYN.subarray(0, 30)))
    t.notOk(push(afterStraddling.reader, concat([CAPTURED_SYN.subarray(30), bad])))
    t.same(afterStraddling.packets, [CAPTURED_SYN])
  })
}

t.test('any bytes in any cuts give packets or an end, and little is held', async () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }), fc.boolean(), (chunks, plausible) => {
      const { reader } = collector()
      if (plausible && chunks[0] !== undefined && chunks[0].length > 3) chunks[0].set([0x45, 0, 0, 70])
      for (const chunk of chunks) {
        if (!push(reader, chunk)) return
        assert.ok(reader.pendingBytes <= 65_535)
      }
    }),
  )
})
