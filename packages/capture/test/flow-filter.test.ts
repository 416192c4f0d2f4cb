import { type FlowFilter, parseFlowFilter } from '@fivetuple/capture'
import { IPV4_HEADER_BYTES, IpProtocol, parseEndpoint, writeIpv4Header, writeU16 } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

function packet(protocol: number, from: string, to: string): Uint8Array {
  const [source, destination] = [parseEndpoint(from)!, parseEndpoint(to)!]
  const b = new Uint8Array(IPV4_HEADER_BYTES + 20)
  writeIpv4Header(b, 0, b.length, 64, protocol, source.address, destination.address)
  writeU16(b, IPV4_HEADER_BYTES, source.port)
  writeU16(b, IPV4_HEADER_BYTES + 2, destination.port)
  return b
}

const REQUEST = packet(IpProtocol.TCP, '127.20.100.7:41234', '127.20.10.1:8080')
const DATAGRAM = packet(IpProtocol.UDP, '127.20.2.1:5000', '127.20.3.1:53')
const ERROR = packet(IpProtocol.ICMP, '127.20.0.1:0', '127.20.100.7:0')

function filter(text: string): FlowFilter {
  const result = parseFlowFilter(text)
  if (!result.ok) throw new Error(result.problem)
  return result.filter
}

t.test('primitives and their combinations', async (t) => {
  for (const [text, request, datagram, error] of [
    ['tcp', true, false, false],
    ['udp or icmp', false, true, true],
    ['host 127.20.100.7', true, false, true],
    ['src host 127.20.100.7', true, false, false],
    ['dst host 127.20.100.7', false, false, true],
    ['net 127.20.2.0/23', false, true, false],
    ['dst net 127.20.3.0/24', false, true, false],
    ['port 8080', true, false, false],
    ['src port 8080', false, false, false],
    ['port 0', false, false, false],
    ['not tcp', false, true, true],
    ['not (tcp or udp)', false, false, true],
    ['tcp and host 127.20.10.1 and port 8080', true, false, false],
    // As in pcap-filter(7), `and` does not bind more than `or`.
    ['tcp or udp and port 53', false, true, false],
    ['tcp or (udp and port 53)', true, true, false],
    ['not tcp or port 8080', true, true, true],
  ] as const)
    t.same(
      [REQUEST, DATAGRAM, ERROR].map((b) => filter(text)(b, 0)),
      [request, datagram, error],
      text,
    )
})

t.test('what is no filter is a problem with its place', async (t) => {
  for (const [text, at, problem] of [
    ['', 0, /ends too early/],
    ['tcp and', 7, /ends too early/],
    ['tcp udp', 4, /'udp' where 'and' or 'or'/],
    ['host 127.20.10', 5, /an address such as/],
    ['host 127.20.10.0/24', 5, /an address such as/],
    ['net 127.20.10.1', 4, /a prefix such as/],
    ['port 65536', 5, /0 to 65535/],
    ['port http', 5, /0 to 65535/],
    ['src tcp', 4, /'tcp'/],
    ['(tcp', 4, /lacks a '\)'/],
    ['portrange 1-2', 0, /'portrange'.*known/],
    ['toString', 0, /'toString'/],
    ['not '.repeat(40), 128, /nested/],
  ] as const) {
    const result = parseFlowFilter(text)
    t.ok(!result.ok && result.at === at && problem.test(result.problem), `${text}: ${JSON.stringify(result)}`)
  }
})

t.test('no text throws', async () => {
  const word = fc.constantFrom(
    'tcp',
    'host',
    'net',
    'port',
    '127.0.0.1',
    '10.0.0.0/8',
    '80',
    'not',
    'and',
    'or',
    '(',
    ')',
    'src',
    'dst',
    '\u0000',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word).map((words) => words.join(' ')),
      ),
      (text) => typeof parseFlowFilter(text).ok === 'boolean',
    ),
  )
})
