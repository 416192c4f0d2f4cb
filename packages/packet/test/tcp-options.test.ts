import assert from 'node:assert/strict'
import {
  CLIENT_ADDRESS_OPTION_BYTES,
  clientAddressOption,
  formatEndpoint,
  parseIpv4,
  readSynOptions,
  SYN_OPTIONS_BYTES,
  TcpFlag,
  tcpOptionLength,
  vipAddressOption,
  writeClientAddressOption,
  writeSynOptions,
  writeTcpHeader,
  writeVipAddressOption,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { CAPTURED_SYN, hex } from './samples.js'

/** A SYN's TCP header with these options, padded with zeros to whole words. */
function syn(options: Uint8Array): Uint8Array {
  const length = 20 + Math.ceil(options.length / 4) * 4
  const b = new Uint8Array(length)
  writeTcpHeader(b, 0, 1, 2, 3, 4, length, TcpFlag.SYN, 5)
  b.set(options, 20)
  return b
}

t.test('SYN options as written', async () => {
  fc.assert(
    fc.property(fc.nat(0xffff), fc.nat(14), (mss, shift) => {
      const b = syn(new Uint8Array(SYN_OPTIONS_BYTES))
      writeSynOptions(b, 20, mss, shift)
      assert.deepEqual(readSynOptions(b, 0), { maximumSegmentSize: mss, windowShift: shift })
    }),
  )
})

const NONE = { maximumSegmentSize: undefined, windowShift: undefined }
for (const [name, options, expected] of [
  ['no options', '', NONE],
  ['a shift above 14 counts as 14', '03 03 0f 00', { ...NONE, windowShift: 14 }],
  ['behind the end of the list', '00 03 03 02', NONE],
  ['an unknown option is passed over', 'fd 04 aa bb 02 04 05 b4', { ...NONE, maximumSegmentSize: 1460 }],
  ['a length of zero ends the list', 'fd 00 02 04 05 b4 01 01', NONE],
  ['a length of one ends the list', 'fd 01 02 04 05 b4 01 01', NONE],
  ['a length beyond the header ends the list', '02 04 05 b4 03 09 02 00', { ...NONE, maximumSegmentSize: 1460 }],
  ['a kind without a length ends the list', '01 01 01 02', NONE],
  ['MSS of a wrong length', '02 03 05 01', NONE],
] as const)
  t.test(`SYN options: ${name}`, async (t) => {
    t.same(readSynOptions(syn(hex(options)), 0), expected)
  })

t.test('any bytes are options', async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (options) => void readSynOptions(syn(options), 0)))
})

const TOA = hex(`
  fe 08        # kind 254, length 8
  a1 12        # port 41234
  7f 14 64 07  # 127.20.100.7
`)

t.test("a client's address, as the TOA modules lay it out", async (t) => {
  const b = new Uint8Array(CLIENT_ADDRESS_OPTION_BYTES)
  writeClientAddressOption(b, 0, parseIpv4('127.20.100.7')!, 41_234)
  t.same(b, TOA)
  t.same(clientAddressOption(syn(TOA), 0, 28), { address: parseIpv4('127.20.100.7'), port: 41_234 })
})

t.test('the VIP, as the modules that read it lay it out, behind the client', async (t) => {
  const b = new Uint8Array(2 * CLIENT_ADDRESS_OPTION_BYTES)
  writeClientAddressOption(b, 0, parseIpv4('127.20.100.7')!, 41_234)
  writeVipAddressOption(b, CLIENT_ADDRESS_OPTION_BYTES, parseIpv4('127.20.10.1')!, 8_080)
  t.same(b, Uint8Array.of(...TOA, ...hex('fa 08 1f 90 7f 14 0a 01')))
  t.same(vipAddressOption(syn(b), 0, 36), { address: parseIpv4('127.20.10.1'), port: 8_080 })
  t.same(clientAddressOption(syn(b), 0, 36), { address: parseIpv4('127.20.100.7'), port: 41_234 })
})

for (const [name, options, expected] of [
  ['a SYN without options', '', undefined],
  ['behind MSS and NOP', '02 04 05 b4 01 fe 08 a1 12 7f 14 64 07 01 01 01', '127.20.100.7:41234'],
  ['the first one counts', 'fe 08 00 01 01 02 03 04 fe 08 00 02 05 06 07 08', '1.2.3.4:1'],
  ['one of another length is passed over', 'fe 04 f9 89 fe 08 00 01 01 02 03 04', '1.2.3.4:1'],
  ['behind the end of the list', '00 01 01 01 fe 08 a1 12 7f 14 64 07', undefined],
  ['longer than the header', 'fe 08 a1 12', undefined],
] as const)
  t.test(`a client's address: ${name}`, async (t) => {
    const b = syn(hex(options))
    const found = clientAddressOption(b, 0, b.length)
    t.equal(found && formatEndpoint(found.address, found.port), expected)
  })

t.test('a SYN without the option has no client', async (t) => {
  t.equal(clientAddressOption(CAPTURED_SYN, 20, 60), undefined)
  t.equal(vipAddressOption(CAPTURED_SYN, 20, 60), undefined)
})

t.test('a client is read from any bytes without a throw, and only where they hold it', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(70), fc.nat(70), (b, o, end) => {
      const found = clientAddressOption(b, o, Math.min(end, b.length))
      if (found === undefined) return
      const option = new Uint8Array(CLIENT_ADDRESS_OPTION_BYTES)
      writeClientAddressOption(option, 0, found.address, found.port)
      assert(Buffer.from(b.subarray(o + 20, end)).includes(Buffer.from(option)))
    }),
    { numRuns: 500, examples: [[syn(TOA), 0, 28]] },
  )
})

t.test('a walk over any options ends within them', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (options) => {
      let p = 0
      for (let length = tcpOptionLength(options, p, options.length); length > 0; ) {
        p += length
        length = tcpOptionLength(options, p, options.length)
      }
      assert(p <= options.length)
      assert(
        p === options.length || options[p] === 0 || p + (options[p + 1] ?? 99) > options.length || options[p + 1]! < 2,
      )
    }),
  )
})
