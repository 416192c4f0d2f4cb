import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type Fabric, ServerEdge, TcpEdge, UdpServerEdge } from '@fivetuple/edge'
import {
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4Protocol,
  ipv4Source,
  isAdmissionRefusal,
  isSourcePortProblem,
  parseEndpoint,
  parseIpv4,
  parsePrefix,
  readIcmpError,
  TCP_HEADER_BYTES,
  TcpFlag,
  UDP_HEADER_BYTES,
  writeIpv4Header,
  writeTcpHeader,
  writeUdpHeader,
} from '@fivetuple/packet'
import { monotonicClock } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import { PacketWire } from '@fivetuple/testkit'
import t, { type Test } from 'tap'
import { until } from './socket-fabric.js'

const BIP = parseIpv4('127.69.2.41')!
const BACKEND = parseEndpoint('127.69.3.41:8080')!
const PREFIXES = [parsePrefix('127.69.3.0/24')!]

function syn(sourcePort: number): Uint8Array {
  const b = new Uint8Array(IPV4_HEADER_BYTES + TCP_HEADER_BYTES)
  writeIpv4Header(b, 0, b.length, 62, IpProtocol.TCP, BIP, BACKEND.address)
  writeTcpHeader(b, IPV4_HEADER_BYTES, sourcePort, BACKEND.port, 7, 0, TCP_HEADER_BYTES, TcpFlag.SYN, 65_535)
  return b
}

function datagram(sourcePort: number): Uint8Array {
  const b = new Uint8Array(IPV4_HEADER_BYTES + UDP_HEADER_BYTES)
  writeIpv4Header(b, 0, b.length, 62, IpProtocol.UDP, BIP, BACKEND.address)
  writeUdpHeader(b, IPV4_HEADER_BYTES, sourcePort, BACKEND.port, 0)
  return b
}

/** Packets that an edge has sent, and the fabric that takes them. */
function captured(): { readonly sent: Uint8Array[]; readonly fabric: Fabric } {
  const sent: Uint8Array[] = []
  const wire = new PacketWire(setImmediate, (b, start, end) => sent.push(b.slice(start, end)))
  return { sent, fabric: { routeAndCount: () => 1, outputOf: () => wire } }
}

function tcpEdge(t: Test, fabric: Fabric, maxFlows = 10): TcpEdge {
  const server = new ServerEdge(
    { clock: monotonicClock, prefixes: PREFIXES, proxyProtocol: [], onDialError: () => {} },
    () => edge,
  )
  const options = { fabric, tcp: tcpOptions(), maxFlows, nextIss: () => 1, onIncoming: server.accept }
  const edge: TcpEdge = new TcpEdge(options, monotonicClock.now())
  t.teardown(() => edge.abortAll(monotonicClock.now()))
  return edge
}

/** A server on all addresses of the machine; returns its port. */
async function wildcardServer(t: Test): Promise<number> {
  const server = createServer().listen({ host: '0.0.0.0', port: 0, exclusive: true })
  t.teardown(() => server.close())
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

function offending(port: number, protocol: number) {
  return {
    sourceAddress: BIP,
    sourcePort: port,
    destinationAddress: BACKEND.address,
    destinationPort: BACKEND.port,
    protocol,
  }
}

t.test('a source port that a listener has is reported as such, and not as a refusal by the backend', async (t) => {
  const port = await wildcardServer(t)
  const { sent, fabric } = captured()
  const edge = tcpEdge(t, fabric)
  edge.receive(syn(port), 0, 40, monotonicClock.now())
  await until(() => sent.length === 1)
  const error = readIcmpError(sent[0]!, 0)!
  t.equal(isSourcePortProblem(error), true)
  t.equal(ipv4Source(sent[0]!, 0), BACKEND.address)
  t.match(error, { type: IcmpType.PARAMETER_PROBLEM, offending: offending(port, IpProtocol.TCP) })
  t.match(edge.counters, { sourcePortInUse: 1, refused: 0, overLimit: 0 })
  t.equal(edge.flowCount, 0)
})

t.test('a backend that refuses still refuses', async (t) => {
  const { sent, fabric } = captured()
  const edge = tcpEdge(t, fabric)
  edge.receive(syn(20_000), 0, 40, monotonicClock.now())
  await until(() => sent.length === 1)
  t.equal(ipv4Protocol(sent[0]!, 0), IpProtocol.TCP, 'RST')
  t.match(edge.counters, { sourcePortInUse: 0, refused: 1 })
})

t.test('a SYN beyond the limit is refused by the edge, and not in the name of the backend', async (t) => {
  const { sent, fabric } = captured()
  const edge = tcpEdge(t, fabric, 0)
  edge.receive(syn(20_001), 0, 40, monotonicClock.now())
  await until(() => sent.length === 1)
  t.equal(isAdmissionRefusal(readIcmpError(sent[0]!, 0)!), true)
  t.match(edge.counters, { overLimit: 1, refused: 0 })
})

t.test('flows that are reserved for, as those of health checks, find room when the limit is reached', async (t) => {
  const { sent, fabric } = captured()
  const server = new ServerEdge(
    { clock: monotonicClock, prefixes: PREFIXES, proxyProtocol: [], onDialError: () => {} },
    () => edge,
  )
  const edge: TcpEdge = new TcpEdge(
    {
      fabric,
      tcp: tcpOptions(),
      maxFlows: 2,
      reservedFlows: 2,
      isReserved: (address, port) => address === BIP && port < 3_000,
      nextIss: () => 1,
      onIncoming: server.accept,
    },
    monotonicClock.now(),
  )
  t.teardown(() => edge.abortAll(monotonicClock.now()))
  const open = (port: number): number => {
    const { overLimit } = edge.counters
    edge.receive(syn(port), 0, 40, monotonicClock.now())
    return edge.counters.overLimit - overLimit
  }
  t.same([20_001, 20_002, 20_003].map(open), [0, 0, 1])
  t.same([2_001, 2_002, 2_003].map(open), [0, 0, 1])
  await until(() => sent.length === 6) // nobody listens there: the four that were dialled are refused
  await until(() => edge.flowCount === 0)
  t.same([2_004, 20_004, 20_005, 20_006, 2_005].map(open), [0, 0, 0, 1, 0], 'the reserve is for them alone')
})

t.test('a UDP flow from a port that another socket has is reported, and leaves nothing', async (t) => {
  const other = createSocket('udp4')
  t.teardown(() => new Promise<void>((resolve) => other.close(resolve)))
  await new Promise<void>((resolve) => other.bind({ address: '0.0.0.0', port: 0, exclusive: true }, resolve))
  const { port } = other.address()
  const { sent, fabric } = captured()
  const edge = new UdpServerEdge({ fabric, prefixes: PREFIXES, idleMs: 30_000, maxFlows: 10 })
  t.teardown(() => edge.close())
  edge.receive(datagram(port), 0, 28, monotonicClock.now())
  await until(() => sent.length === 1)
  const error = readIcmpError(sent[0]!, 0)!
  t.equal(isSourcePortProblem(error), true)
  t.match(error.offending, offending(port, IpProtocol.UDP))
  t.equal(edge.counters.sourcePortInUse, 1)
  t.equal(edge.flowCount, 0)
})
