import assert from 'node:assert/strict'
import { PacketBatch } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

const content = (batch: PacketBatch): number[] => [...batch.buffer.subarray(0, batch.length)]

t.test('keeps the order of whatever was put in, however much it grows', async () => {
  const piece = fc.record({
    bytes: fc.uint8Array({ minLength: 1, maxLength: 50 }),
    how: fc.constantFrom('reserve', 'writeCopy', 'writeOwned', 'clear', 'take'),
    skip: fc.nat(3),
  })
  fc.assert(
    fc.property(fc.array(piece), fc.nat(40), (pieces, initialBytes) => {
      const batch = new PacketBatch(initialBytes)
      let expected: number[] = []
      for (const { bytes, how, skip } of pieces) {
        const start = Math.min(skip, bytes.length - 1)
        if (how === 'clear') {
          batch.clear()
          expected = []
        } else if (how === 'take') {
          assert.deepEqual([...batch.take()], expected)
          expected = []
        } else {
          if (how === 'reserve') {
            const at = batch.reserve(bytes.length - start)
            batch.buffer.set(bytes.subarray(start), at)
          } else batch[how](bytes, start, bytes.length)
          expected.push(...bytes.subarray(start))
        }
        assert.deepEqual(content(batch), expected)
        assert.equal(batch.blocked, false)
      }
    }),
  )
})

t.test('what was taken is not written over', async (t) => {
  const batch = new PacketBatch()
  batch.writeCopy(Uint8Array.of(1, 2, 3), 0, 3)
  const taken = batch.take()
  batch.writeCopy(Uint8Array.of(9, 9, 9), 0, 3)
  t.same([...taken], [1, 2, 3])
  t.same(content(batch), [9, 9, 9])
})

t.test('bytes written by writeCopy may change afterwards', async (t) => {
  const batch = new PacketBatch()
  const bytes = Uint8Array.of(1, 2, 3)
  batch.writeCopy(bytes, 0, 3)
  bytes.fill(0)
  t.same(content(batch), [1, 2, 3])
})
