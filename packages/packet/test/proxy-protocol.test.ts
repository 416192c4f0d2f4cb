import assert from 'node:assert/strict'
import {
  encodeProxyHeader,
  PROXY_HEADER_BYTES,
  PROXY_SIGNATURE,
  type ProxyHeader,
  type ProxyHeaderReading,
  parseEndpoint,
  readProxyHeader,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { address, hex, port } from './samples.js'

const SIGNATURE = '0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a'
const CLIENT = parseEndpoint('127.20.100.7:41234')!
const BACKEND = parseEndpoint('127.20.3.2:8080')!

const PROXIED = hex(`
  ${SIGNATURE}
  21           # version 2, PROXY
  11           # TCP over IPv4
  00 0c        # twelve bytes of addresses
  7f 14 64 07  # 127.20.100.7
  7f 14 03 02  # 127.20.3.2
  a1 12        # 41234
  1f 90        # 8080
`)
const LOCAL = hex(`${SIGNATURE} 20 00 00 00 # version 2, LOCAL, UNSPEC, nothing more`)

const proxied: ProxyHeader = { command: 'proxy', source: CLIENT, destination: BACKEND }
const unknown: ProxyHeader = { command: 'proxy', source: undefined, destination: undefined }
const local: ProxyHeader = { command: 'local', source: undefined, destination: undefined }

const read = (b: Uint8Array): ProxyHeaderReading => readProxyHeader(b, 0, b.length)
const zeros = (count: number): string => '00 '.repeat(count)

t.test('what is written', async (t) => {
  t.same(encodeProxyHeader(CLIENT, BACKEND), PROXIED)
  t.equal(PROXIED.length, PROXY_HEADER_BYTES)
  t.same(encodeProxyHeader(), LOCAL)
})

for (const [name, bytes, header] of [
  ['TCP over IPv4', PROXIED, proxied],
  ['LOCAL', LOCAL, local],
  ['LOCAL, whatever else it says', hex(`${SIGNATURE} 20 99 00 02 ff ff`), local],
  ['LOCAL with addresses', hex(`${SIGNATURE} 20 11 00 0c ${zeros(12)}`), local],
  ['UDP over IPv4', hex(`${SIGNATURE} 21 12 00 0c 7f 14 64 07 7f 14 03 02 a1 12 1f 90`), proxied],
  [
    'TLVs behind the addresses',
    hex(`${SIGNATURE} 21 11 00 10 7f 14 64 07 7f 14 03 02 a1 12 1f 90 04 00 01 00`),
    proxied,
  ],
  ['UNSPEC', hex(`${SIGNATURE} 21 00 00 00`), unknown],
  ['IPv4 over UNSPEC', hex(`${SIGNATURE} 21 10 00 0c ${zeros(12)}`), unknown],
  ['TCP over IPv6', hex(`${SIGNATURE} 21 21 00 24 ${zeros(36)}`), unknown],
  ['UNIX stream', hex(`${SIGNATURE} 21 31 00 d8 ${zeros(216)}`), unknown],
] as const)
  t.test(`a header is read: ${name}`, async (t) => {
    t.same(read(bytes), { kind: 'header', header, end: bytes.length }, 'whole')
    for (let end = 0; end < bytes.length; end++) {
      const reading = readProxyHeader(bytes, 0, end)
      if (reading.kind !== 'incomplete') t.fail(`${reading.kind} at ${end} bytes`)
      else if (reading.wanted <= end || reading.wanted > bytes.length) t.fail(`${reading.wanted} wanted at ${end}`)
    }
    const inTheMiddle = Uint8Array.of(1, 2, 3, ...bytes, 0x0d, 0x0a)
    t.same(readProxyHeader(inTheMiddle, 3, inTheMiddle.length), { kind: 'header', header, end: 3 + bytes.length })
  })

for (const [name, bytes, kind] of [
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'absent'],
  ['version 1', Buffer.from('PROXY TCP4 127.20.100.7 127.20.3.2 41234 8080\r\n'), 'absent'],
  ['a signature with another last byte', hex(`${SIGNATURE.slice(0, -2)}0d`), 'absent'],
  ['version 1 in binary', hex(`${SIGNATURE} 11 11 00 0c`), 'malformed'],
  ['an unassigned command', hex(`${SIGNATURE} 22 11 00 0c`), 'malformed'],
  ['an unassigned family', hex(`${SIGNATURE} 21 41 00 0c`), 'malformed'],
  ['an unassigned transport', hex(`${SIGNATURE} 21 13 00 0c`), 'malformed'],
  ['too short for its addresses', hex(`${SIGNATURE} 21 11 00 0b ${zeros(11)}`), 'malformed'],
  ['too short for IPv6', hex(`${SIGNATURE} 21 21 00 0c ${zeros(12)}`), 'malformed'],
] as const)
  t.test(`no header: ${name}`, async (t) => {
    t.equal(read(bytes).kind, kind)
  })

t.test('what is written is read', async () => {
  fc.assert(
    fc.property(address, port, address, port, fc.uint8Array({ maxLength: 20 }), (a, p, b, q, trailing) => {
      const [source, destination] = [
        { address: a, port: p },
        { address: b, port: q },
      ]
      const bytes = Uint8Array.of(...encodeProxyHeader(source, destination), ...trailing)
      assert.deepEqual(read(bytes), {
        kind: 'header',
        header: { command: 'proxy', source, destination },
        end: PROXY_HEADER_BYTES,
      })
    }),
  )
})

t.test('any bytes are read, and a verdict does not change with more of them', async () => {
  const hostile = fc
    .tuple(fc.boolean(), fc.uint8Array({ maxLength: 60 }))
    .map(([signed, rest]) => (signed ? Uint8Array.of(...PROXY_SIGNATURE, ...rest) : rest))
  fc.assert(
    fc.property(hostile, (bytes) => {
      let settled: ProxyHeaderReading | undefined
      for (let end = 0; end <= bytes.length; end++) {
        const reading = readProxyHeader(bytes, 0, end)
        if (settled !== undefined) assert.deepEqual(reading, settled)
        else if (reading.kind !== 'incomplete') settled = reading
        if (reading.kind === 'header') assert(reading.end <= end)
        if (reading.kind === 'incomplete') assert(reading.wanted > end && reading.wanted <= 65_551)
      }
    }),
    { numRuns: 500 },
  )
})
