import assert from 'node:assert/strict'
import { eraseClientAddress, insertClientAddress } from '@fivetuple/lb-node'
import {
  clientAddressOption,
  type Endpoint,
  fillL4Checksum,
  IpProtocol,
  ipv4TotalLength,
  l4Sum,
  malformedIpv4,
  parseEndpoint,
  parseIpv4,
  readSackBlocks,
  readSynOptions,
  refreshIpv4Checksum,
  TcpFlag,
  tcpChecksum,
  tcpDataOffset,
  vipAddressOption,
  writeIpv4Header,
  writeTcpHeader,
} from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { Outbox } from './packets.js'

const CLIENT = parseEndpoint('127.20.100.7:41234')!
const LINUX_OPTIONS = '020405b4 0402 080ab43b24d900000000 0103030a'
/** Two bytes into the option list, so that its words are not those of the checksum. */
const FORGED = '01 fe0800010a000001 010101'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** A SYN of 127.20.100.7:41234 to 127.20.10.1:8080 with these options, which must fill whole words. */
function syn(options: Uint8Array, data: Uint8Array = new Uint8Array(0), checksum = true): Uint8Array {
  const b = new Uint8Array(40 + options.length + data.length)
  writeIpv4Header(b, 0, b.length, 63, IpProtocol.TCP, CLIENT.address, parseIpv4('127.20.10.1')!)
  writeTcpHeader(b, 20, CLIENT.port, 8080, 0x01020304, 0, 20 + options.length, TcpFlag.SYN, 0xfaf0)
  b.set(options, 40)
  b.set(data, 40 + options.length)
  if (checksum) fillL4Checksum(b, 0)
  return b
}

function insert(packet: Uint8Array, vip?: Endpoint): Uint8Array | undefined {
  const outbox = new Outbox()
  if (insertClientAddress(packet, 0, packet.length, CLIENT.address, CLIENT.port, outbox, vip?.address, vip?.port))
    return outbox.takePackets()[0]!
  assert.equal(outbox.length, 0, 'nothing is written when it does not fit')
  return undefined
}

t.test('a SYN as Linux sends it, with the option in front of its own', async (t) => {
  t.same(
    insert(syn(hex(LINUX_OPTIONS))),
    hex(
      `
      45000044 00004000 3f06cf83 7f146407 7f140a01
      a1121f90 01020304 00000000 c002faf0 a0de0000
      fe08a112 7f146407
      020405b4 0402 080ab43b24d900000000 0103030a
    `.replaceAll('\n', ''),
    ),
  )
})

t.test('the VIP follows the client, where there is room for both', async (t) => {
  const vip = parseEndpoint('127.20.10.1:8080')!
  const out = insert(syn(hex(LINUX_OPTIONS)), vip)!
  t.same(out.subarray(40), hex('fe08a1127f146407 fa081f907f140a01 020405b4 0402 080ab43b24d900000000 0103030a'))
  t.equal(out[32]! >>> 4, 14)
  t.equal(l4Sum(out, 0), 0xffff)
  t.equal(malformedIpv4(out, 0, out.length), undefined)
  const vipOf = (used: number) => {
    const packet = insert(syn(new Uint8Array(used).fill(1)), vip)!
    t.same(clientAddressOption(packet, 20, packet.length), CLIENT)
    t.equal(l4Sum(packet, 0), 0xffff)
    return vipAddressOption(packet, 20, packet.length)
  }
  t.same([vipOf(24), vipOf(28)], [vip, undefined])
})

t.test('a forged option becomes NOPs, and the true one counts', async (t) => {
  const packet = syn(hex(FORGED))
  t.same(clientAddressOption(packet, 20, packet.length), { address: parseIpv4('10.0.0.1'), port: 1 })
  const out = insert(packet)!
  t.same(clientAddressOption(out, 20, out.length), CLIENT)
  t.same(out.subarray(48), new Uint8Array(12).fill(1))
  t.equal(l4Sum(out, 0), 0xffff)
})

t.test('a forged option is erased without another in its place, and leaves the rest alone', async (t) => {
  const packet = syn(hex(`020405b4 ${FORGED}`), hex('fe0800010a000001'))
  t.equal(eraseClientAddress(packet, 0), 1)
  t.equal(clientAddressOption(packet, 20, packet.length), undefined)
  t.equal(readSynOptions(packet, 20).maximumSegmentSize, 1460)
  t.same(packet.subarray(56), hex('fe0800010a000001'), 'data is not options')
  t.equal(l4Sum(packet, 0), 0xffff)
  t.equal(eraseClientAddress(packet, 0), 0)
})

t.test('where it does not fit, nothing is written, and a forged one is erased nevertheless', async (t) => {
  const packet = syn(hex(`${'01'.repeat(28)} fe0800010a000001`))
  t.equal(insert(packet), undefined)
  t.equal(clientAddressOption(packet, 20, packet.length), undefined)
  t.equal(l4Sum(packet, 0), 0xffff)
  t.not(insert(syn(new Uint8Array(32).fill(1))), undefined, '32 bytes of options leave room')
  t.equal(insert(syn(new Uint8Array(36).fill(1))), undefined, '36 do not')
  t.equal(insert(syn(new Uint8Array(0), new Uint8Array(65_535 - 40 - 7))), undefined, 'nor does the longest packet')
  t.equal(insert(syn(new Uint8Array(0), new Uint8Array(65_535 - 40 - 8)))?.length, 65_535)
})

/** Options of whole words: what a client may send, and what none would. */
const options = fc
  .oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc
      .array(
        fc.constantFrom('01', '020405b4', '0103030a', '0402', 'fe0800010a000001', 'fe04f989', 'fe02', 'fe09', '00'),
      )
      .map((parts) => hex(parts.join(''))),
  )
  .map((bytes) => {
    const whole = new Uint8Array(Math.min(Math.ceil(bytes.length / 4) * 4, 40))
    whole.set(bytes.subarray(0, 40))
    return whole
  })

t.test('with any options: the true client is written, the rest stays, checksums are right', async () => {
  fc.assert(
    fc.property(options, fc.uint8Array({ maxLength: 20 }), fc.boolean(), (list, data, checksum) => {
      const packet = syn(list, data, checksum)
      const before = readSynOptions(packet, 20)
      const out = insert(packet)
      const sent = out ?? packet
      assert.equal(out === undefined, list.length > 32)
      assert.equal(malformedIpv4(sent, 0, sent.length), undefined)
      assert.equal(ipv4TotalLength(sent, 0), sent.length)
      assert.deepEqual(clientAddressOption(sent, 20, sent.length), out && CLIENT)
      assert.deepEqual(readSynOptions(sent, 20), before)
      assert.deepEqual(sent.subarray(20 + tcpDataOffset(sent, 20)), data)
      if (checksum) assert.equal(l4Sum(sent, 0), 0xffff)
      else assert.equal(tcpChecksum(sent, 20), 0, 'offloaded stays offloaded')
    }),
    { numRuns: 1000 },
  )
})

t.test('a wrong checksum stays wrong, and an IP header with options is kept', async (t) => {
  const packet = syn(hex(LINUX_OPTIONS))
  packet[36]! ^= 0x40
  t.not(l4Sum(insert(packet)!, 0), 0xffff)
  const plain = syn(hex(LINUX_OPTIONS))
  const longer = Uint8Array.of(...plain.subarray(0, 20), 1, 1, 1, 0, ...plain.subarray(20))
  longer[0] = 0x46
  longer[3]! += 4
  refreshIpv4Checksum(longer, 0)
  const out = insert(longer)!
  t.equal(malformedIpv4(out, 0, out.length), undefined)
  t.same(out.subarray(20, 24), hex('01010100'))
  t.same(clientAddressOption(out, 24, out.length), CLIENT)
  t.equal(l4Sum(out, 0), 0xffff)
})

t.test('SACK options survive: moved behind the client, or untouched where there is no room', async (t) => {
  const three = '01 01 051a 00000001 00000002 00000005 00000006 00000009 0000000a'
  const ack = syn(hex(three))
  ack[33] = TcpFlag.ACK
  fillL4Checksum(ack, 0)
  const sent = insert(ack)!
  t.same(sent.subarray(48), hex(three))
  t.equal(tcpDataOffset(sent, 20), 20 + 8 + 28)
  t.same(sent.subarray(24, 32), ack.subarray(24, 32), 'sequence and ACK number')
  const edges: number[] = []
  t.equal(readSackBlocks(sent, 20, edges), 3)
  t.same(edges, [1, 2, 5, 6, 9, 10])
  const four = syn(hex('01 01 0522 00000001 00000002 00000005 00000006 00000009 0000000a 0000000d 0000000e'))
  const before = four.slice()
  t.equal(insert(four), undefined)
  t.same(four, before)
})
