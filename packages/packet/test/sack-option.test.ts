import assert from 'node:assert/strict'
import {
  hasSackPermitted,
  readSackBlocks,
  SACK_BLOCKS_MAX,
  SACK_PERMITTED_BYTES,
  SYN_OPTIONS_BYTES,
  sackOptionBytes,
  TcpFlag,
  writeSackOption,
  writeSackPermitted,
  writeSynOptions,
  writeTcpHeader,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { CAPTURED_SYN, hex } from './samples.js'

/** A TCP header with these options, padded with zeros to whole words. */
function header(options: Uint8Array, flags: number = TcpFlag.ACK): Uint8Array {
  const length = 20 + Math.ceil(options.length / 4) * 4
  const b = new Uint8Array(length)
  writeTcpHeader(b, 0, 1, 2, 3, 4, length, flags, 5)
  b.set(options, 20)
  return b
}

function blocks(options: string): number[] {
  const edges: number[] = []
  const count = readSackBlocks(header(hex(options)), 0, edges)
  return edges.slice(0, 2 * count)
}

t.test('a SYN of Linux permits SACK, and so does ours', async (t) => {
  t.ok(hasSackPermitted(CAPTURED_SYN, 20))
  const b = header(new Uint8Array(SYN_OPTIONS_BYTES + SACK_PERMITTED_BYTES), TcpFlag.SYN)
  writeSynOptions(b, 20, 65_495, 3)
  t.notOk(hasSackPermitted(b, 0))
  writeSackPermitted(b, 20 + SYN_OPTIONS_BYTES)
  t.ok(hasSackPermitted(b, 0))
  t.same(b.subarray(20), hex('0204ffd7 01 030303 01 01 0402'))
})

t.test('golden bytes: two NOPs, kind 5, length, edges in network order, as Linux lays it out', async (t) => {
  const b = header(new Uint8Array(sackOptionBytes(2)))
  const edges = [0x1c1d5a01, 0x1c1d5fa9, 0xfffffff0 | 0, 0x10]
  writeSackOption(b, 20, edges)
  t.same(b.subarray(20), hex('01 01 05 12 1c1d5a01 1c1d5fa9 fffffff0 00000010'))
  const read: number[] = []
  t.equal(readSackBlocks(b, 0, read), 2)
  t.same(read, edges)
})

t.test('behind the timestamps of Linux there is room for three blocks', async (t) => {
  const three = '00000001 00000002 00000005 00000006 00000009 0000000a'
  t.same(blocks(`01 01 080a 00000001 00000002 01 01 051a ${three}`), [1, 2, 5, 6, 9, 10])
})

t.test('invalid options have no blocks', async (t) => {
  for (const options of [
    '05 02 01 01',
    '05 09 00000001 000000',
    '05 0c 00000001 00000002 0000',
    '05 0a 00000001',
    '00 05',
  ])
    t.same(blocks(options), [], options)
})

t.test('any blocks as written; any bytes are read', async () => {
  const edges = fc
    .array(fc.integer(), { minLength: 1, maxLength: SACK_BLOCKS_MAX })
    .map((a) => a.flatMap((n) => [n, (n + 9) | 0]))
  fc.assert(
    fc.property(edges, (edges) => {
      const b = header(new Uint8Array(sackOptionBytes(edges.length / 2)))
      writeSackOption(b, 20, edges)
      const read: number[] = []
      assert.equal(readSackBlocks(b, 0, read), edges.length / 2)
      assert.deepEqual(read, edges)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (options) => {
      assert(readSackBlocks(header(options), 0, []) <= SACK_BLOCKS_MAX)
      hasSackPermitted(header(options), 0)
    }),
  )
})
