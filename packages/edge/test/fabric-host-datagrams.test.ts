import {
  ICMP_ERROR_MAX_BYTES,
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4Source,
  ipv4Ttl,
  UDP_HEADER_BYTES,
  UnreachableCode,
  udpDestinationPort,
  udpSourcePort,
  writeIcmpError,
  writeIpv4Header,
  writeUdpHeader,
} from '@fivetuple/packet'
import t from 'tap'
import { BACKEND, BIP, FIRST_PORT, Rig } from './rig.js'

const PAYLOAD = IPV4_HEADER_BYTES + UDP_HEADER_BYTES

function datagram(from: number, fromPort: number, toPort: number, payload: Uint8Array): Uint8Array {
  const b = new Uint8Array(PAYLOAD + payload.length)
  writeIpv4Header(b, 0, b.length, 63, IpProtocol.UDP, from, BIP)
  writeUdpHeader(b, IPV4_HEADER_BYTES, fromPort, toPort, payload.length)
  b.set(payload, PAYLOAD)
  return b
}

function open(rig: Rig) {
  const log: string[] = []
  const messages: Uint8Array[] = []
  const channel = rig.host.openDatagram({
    address: BACKEND,
    port: 53,
    onMessage: (payload) => {
      messages.push(payload)
      log.push(Buffer.from(payload).toString())
    },
    onUnreachable: (code) => log.push(code),
  })!
  return { channel, log, messages }
}

t.test('a datagram there and one back', async (t) => {
  const rig = new Rig()
  const { channel, log } = open(rig)
  rig.onDatagram = (b) => {
    t.equal(ipv4Ttl(b, 0), 64)
    t.equal(ipv4Source(b, 0), BIP)
    t.equal(udpSourcePort(b, 20), FIRST_PORT)
    t.equal(udpDestinationPort(b, 20), 53)
    rig.toHost.writeCopy(datagram(BACKEND, 53, FIRST_PORT, b.subarray(PAYLOAD)), 0, b.length)
  }
  t.equal(channel.send(Buffer.from('ping')), true)
  await rig.pass(10)
  t.strictSame(log, ['ping'])
  channel.close()
  channel.close()
  t.equal(rig.host.portsInUse, 0)
  t.equal(channel.send(Buffer.from('ping')), false)
})

t.test('only datagrams of its peer are delivered, and the receiver owns their bytes', async (t) => {
  const rig = new Rig()
  const { log, messages } = open(rig)
  const hello = Buffer.from('hello')
  for (const [from, port, to] of [
    [BACKEND + 1, 53, FIRST_PORT],
    [BACKEND, 54, FIRST_PORT],
    [BACKEND, 53, FIRST_PORT + 1],
    [BACKEND, 53, FIRST_PORT],
  ] as const) {
    const b = datagram(from, port, to, hello)
    rig.host.receive(b, 0, b.length, rig.clock.now)
    b.fill(0)
  }
  t.strictSame(log, ['hello'])
  t.equal(Buffer.from(messages[0]!).toString(), 'hello')
  const cut = datagram(BACKEND, 53, FIRST_PORT, hello)
  cut[25] = 200 // the UDP length says more than there is
  rig.host.receive(cut, 0, cut.length, rig.clock.now)
  t.strictSame(log, ['hello'])
  t.equal(rig.host.malformed, 1)
})

t.test('ICMP port unreachable about its datagram, and about those of others', async (t) => {
  const rig = new Rig()
  const { channel, log } = open(rig)
  channel.send(Buffer.from('ping'))
  await rig.pass(10)
  const about = (offending: Uint8Array): void => {
    const error = new Uint8Array(ICMP_ERROR_MAX_BYTES)
    const { DESTINATION_UNREACHABLE } = IcmpType
    const length = writeIcmpError(error, 0, DESTINATION_UNREACHABLE, UnreachableCode.PORT, BACKEND, offending, 0)
    rig.host.receive(error, 0, length, rig.clock.now)
  }
  const other = rig.toPeer.log[0]!.slice()
  writeUdpHeader(other, IPV4_HEADER_BYTES, FIRST_PORT, 54, 4)
  about(other)
  writeUdpHeader(other, IPV4_HEADER_BYTES, FIRST_PORT + 1, 53, 4)
  about(other)
  t.strictSame(log, [])
  about(rig.toPeer.log[0]!)
  t.strictSame(log, ['ECONNREFUSED'])
})

t.test('a full output loses datagrams, as it does for UDP', async (t) => {
  const rig = new Rig()
  const { channel } = open(rig)
  rig.toPeer.blocked = true
  t.equal(channel.send(new Uint8Array(4)), false)
})
