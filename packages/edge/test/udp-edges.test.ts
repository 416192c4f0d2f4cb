import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type ClientEdgeService, type Fabric, UdpClientEdge, UdpServerEdge } from '@fivetuple/edge'
import {
  formatEndpoint,
  IcmpType,
  IPV4_HEADER_BYTES,
  IpProtocol,
  ipv4Destination,
  ipv4Protocol,
  ipv4Source,
  NO_ROUTE,
  parseEndpoint,
  parseIpv4,
  parsePrefix,
  readIcmpError,
  rewriteEndpoints,
  UDP_HEADER_BYTES,
  UnreachableCode,
  udpDestinationPort,
  udpSourcePort,
  writeIpv4Header,
  writeUdpHeader,
} from '@fivetuple/packet'
import { ManualClock, PacketWire } from '@fivetuple/testkit'
import t, { type Test } from 'tap'
import { until } from './socket-fabric.js'

const SERVICE: ClientEdgeService = {
  name: 'echo',
  address: parseIpv4('127.69.11.1')!,
  port: 5300,
  listen: { address: '127.69.11.1', port: 5300 },
}
const BACKEND = parseEndpoint('127.69.3.11:5300')!
const BIP = parseIpv4('127.69.2.11')!
const IDLE_MS = 30_000

/** A datagram as it travels from an LB to a backend. */
function datagram(sourcePort: number, payload: string, backend = BACKEND, source = BIP): Uint8Array {
  const bytes = Buffer.from(payload)
  const b = new Uint8Array(IPV4_HEADER_BYTES + UDP_HEADER_BYTES + bytes.length)
  writeIpv4Header(b, 0, b.length, 62, IpProtocol.UDP, source, backend.address)
  writeUdpHeader(b, IPV4_HEADER_BYTES, sourcePort, backend.port, bytes.length)
  b.set(bytes, IPV4_HEADER_BYTES + UDP_HEADER_BYTES)
  return b
}

/** A wire whose packets are looked at. */
function wireTo(t: Test, deliver: (packet: Uint8Array) => void = () => {}) {
  let isOver = false
  t.teardown(() => {
    isOver = true
  })
  const wire = new PacketWire(setImmediate, (b, start, end) => {
    if (!isOver) deliver(b.slice(start, end))
  })
  const counted = { packets: 0 }
  const fabric: Fabric = {
    routeAndCount: () => {
      if (wire.isCut) return NO_ROUTE
      counted.packets++
      return 1
    },
    uncount: () => {
      counted.packets--
    },
    outputOf: () => wire,
  }
  return { wire, fabric, counted }
}

async function bind(
  t: Test,
  address: string,
  port: number,
  onMessage?: (payload: Buffer, socket: Socket, from: string) => void,
) {
  const socket = createSocket('udp4')
  t.teardown(() => new Promise<void>((resolve) => socket.close(resolve)))
  if (onMessage) socket.on('message', (payload, from) => onMessage(payload, socket, `${from.address}:${from.port}`))
  await new Promise<void>((resolve) => socket.bind({ address, port, exclusive: true }, resolve))
  return socket
}

/** A backend that sends back what it gets, and knows from whom. */
async function echo(t: Test): Promise<string[]> {
  const peers: string[] = []
  await bind(t, '127.69.3.11', BACKEND.port, (payload, socket, from) => {
    peers.push(from)
    const { address, port } = parseEndpoint(from)!
    socket.send(payload, port, formatEndpoint(address, 0).split(':')[0])
  })
  return peers
}

function serverEdge(t: Test, fabric: Fabric, maxFlows = 100_000): UdpServerEdge {
  const edge = new UdpServerEdge({ fabric, prefixes: [parsePrefix('127.69.3.0/24')!], idleMs: IDLE_MS, maxFlows })
  t.teardown(() => edge.close())
  return edge
}

t.test('datagrams go from clients to a backend and back, each as one packet', async (t) => {
  const peers = await echo(t)
  const ports = new Map<number, number>()
  const up = wireTo(t, (b) => {
    ports.set(udpSourcePort(b, 20), ipv4Source(b, 0))
    rewriteEndpoints(b, 0, BIP, BACKEND.address, udpSourcePort(b, 20), BACKEND.port)
    servers.receive(b, 0, b.length, 0)
  })
  const down = wireTo(t, (b) => {
    const port = udpDestinationPort(b, 20)
    rewriteEndpoints(b, 0, SERVICE.address, ports.get(port)!, SERVICE.port, port)
    clients.receive(b, 0, b.length)
  })
  const servers = serverEdge(t, down.fabric)
  const clients = new UdpClientEdge({
    fabric: up.fabric,
    services: [SERVICE],
    onListenFailures: (failures) => t.same(failures, []),
  })
  t.teardown(() => clients.close())
  await clients.update(() => true)
  t.same(clients.listening, [SERVICE])
  const received: string[] = []
  const [one, two] = await Promise.all(
    [1, 2].map((k) =>
      bind(t, `127.69.100.${k}`, 0, (payload, _socket, from) => received.push(`${k} ${payload} ${from}`)),
    ),
  )
  const send = (socket: Socket, payload: string | Buffer) => socket.send(payload, SERVICE.port, SERVICE.listen.address)
  for (const payload of ['a', '', 'c']) send(one!, payload)
  await until(() => received.length === 3)
  send(two!, Buffer.alloc(60_000, 'x'))
  await until(() => received.length === 4)
  t.same(received.slice(0, 3).sort(), ['1  127.69.11.1:5300', '1 a 127.69.11.1:5300', '1 c 127.69.11.1:5300'])
  t.equal(received[3], `2 ${'x'.repeat(60_000)} 127.69.11.1:5300`)
  t.same(new Set(peers), new Set([one!, two!].map((socket) => `127.69.2.11:${socket.address().port}`)))
  t.equal(up.wire.log.length, 4)
  t.equal(servers.flowCount, 2)
  t.match(clients.counters, { datagramsIn: 4, datagramsOut: 4, lostToQueue: 0, unknown: 0 })
  t.match(servers.counters, { datagramsIn: 4, datagramsOut: 4, lostToQueue: 0, malformed: 0 })
})

t.test('a service is listened for as long as its VIP has a route', async (t) => {
  const { fabric, wire } = wireTo(t)
  const reports: string[][] = []
  const edge = new UdpClientEdge({
    fabric,
    services: [SERVICE],
    onListenFailures: (failures) => reports.push(failures.map(({ code }) => code)),
    listenRetryMs: 1,
  })
  t.teardown(() => edge.close())
  await edge.update(() => true)
  await edge.update((address) => address !== SERVICE.address)
  t.same(edge.listening, [])
  await edge.update(() => true)
  t.same(edge.listening, [SERVICE])
  edge.close()
  const opened = edge.update(() => true)
  await edge.update(() => false)
  await opened
  t.same(edge.listening, [], 'the route went while the socket was bound')
  await edge.update(() => true)
  t.same(edge.listening, [SERVICE])
  const answer = datagram(
    BACKEND.port,
    'for nobody',
    { address: parseIpv4('127.69.100.1')!, port: 9 },
    SERVICE.address + 1,
  )
  edge.receive(answer, 0, answer.length)
  edge.receive(answer, 0, 27)
  t.equal(edge.counters.unknown, 2)
  t.same(reports, [])
  await edge.close()
  const other = createSocket('udp4').bind(SERVICE.port, SERVICE.listen.address)
  await once(other, 'listening')
  await edge.update(() => true)
  t.same(reports, [['EADDRINUSE']])
  t.match(edge.listenFailures, [{ service: SERVICE, reason: /127\.69\.\d+\.\d+:\d+ is in use: end the program/ }])
  t.same(edge.listening, [])
  other.close()
  await until(() => edge.listening.length === 1)
  t.same(reports, [['EADDRINUSE'], []], 'it is tried again')
  t.same(edge.listenFailures, [])
  t.equal(wire.log.length, 0)
})

t.test('datagrams that do not fit into the queue are dropped and counted, in both directions', async (t) => {
  await echo(t)
  const { fabric, wire, counted } = wireTo(t)
  const edge = serverEdge(t, fabric)
  wire.blocked = true
  const packet = datagram(20_000, 'x')
  edge.receive(packet, 0, packet.length, 0)
  await until(() => edge.counters.lostToQueue === 1)
  t.match(edge.counters, { datagramsOut: 1, datagramsIn: 1 })
  t.equal(counted.packets, 0, 'and is no packet')
  const half = datagram(20_001, 'x'.repeat(32_768))
  for (let i = 0; i < 40; i++) edge.receive(half, 0, half.length, 0)
  t.equal(edge.counters.lostToQueue, 1 + 40 - 32, 'while its socket is opened, 1 MiB waits')
  wire.blocked = false
  await until(() => edge.counters.datagramsOut === 1 + 32)
})

t.test(
  'a datagram to a closed port is responded to with ICMP, and the flow goes on when the port is open',
  async (t) => {
    const errors: unknown[] = []
    const answers: Uint8Array[] = []
    const { fabric } = wireTo(t, (b) => {
      if (ipv4Protocol(b, 0) === IpProtocol.ICMP) errors.push(readIcmpError(b, 0))
      else answers.push(b)
    })
    const edge = serverEdge(t, fabric)
    const send = (): void => {
      const packet = datagram(20_000, 'anybody?')
      edge.receive(packet, 0, packet.length, 0)
    }
    send()
    await until(() => errors.length === 1)
    t.match(errors[0], {
      type: IcmpType.DESTINATION_UNREACHABLE,
      code: UnreachableCode.PORT,
      offending: {
        sourceAddress: BIP,
        sourcePort: 20_000,
        destinationAddress: BACKEND.address,
        destinationPort: BACKEND.port,
      },
    })
    t.match([edge.counters.refused, edge.flowCount], [1, 1])
    await echo(t)
    send()
    await until(() => answers.length === 1)
    t.equal(ipv4Destination(answers[0]!, 0), BIP)
    const elsewhere = datagram(20_000, 'x', { address: parseIpv4('127.69.4.1')!, port: 53 })
    edge.receive(elsewhere, 0, elsewhere.length, 0)
    await until(() => errors.length === 2)
    t.equal(edge.flowCount, 1, 'where no backend may be no socket is opened')
  },
)

/** Values that a packet can carry and that a socket can do nothing with. */
const HOSTILE_ADDRESSES = ['0.0.0.0', '127.255.255.255', '255.255.255.255', '240.0.0.1', '203.0.113.1']

t.test(
  'a client that names no port, or an address that nothing can be sent to, costs nothing but its responses',
  async (t) => {
    const { fabric, wire } = wireTo(t)
    const edge = new UdpClientEdge({
      fabric,
      services: [SERVICE],
      onListenFailures: (failures) => t.same(failures, []),
    })
    t.teardown(() => edge.close())
    await edge.update(() => true)
    const respond = (address: number, port: number): void => {
      const packet = datagram(SERVICE.port, 'response', { address, port }, SERVICE.address)
      edge.receive(packet, 0, packet.length)
    }
    respond(parseIpv4('127.69.100.1')!, 0)
    t.match(edge.counters, { noReplyPort: 1, datagramsOut: 0 })
    for (const address of HOSTILE_ADDRESSES) for (const port of [0, 1, 65_535]) respond(parseIpv4(address)!, port)
    await until(() => edge.counters.sendFailed === 2 * 4) // to 0.0.0.0 is to this machine, for Linux
    t.equal(edge.counters.noReplyPort, 1 + HOSTILE_ADDRESSES.length)
    const received: string[] = []
    const client = await bind(t, '127.69.100.3', 0, (payload) => received.push(String(payload)))
    client.send('request', SERVICE.port, SERVICE.listen.address)
    await until(() => wire.log.length === 1)
    respond(parseIpv4('127.69.100.3')!, client.address().port)
    await until(() => received.length === 1)
    t.same(edge.listening, [SERVICE], 'the service goes on')
  },
)

t.test('a backend that nothing can be sent to is reported with ICMP, and other flows go on', async (t) => {
  await echo(t)
  const errors: unknown[] = []
  let answers = 0
  const { fabric, wire } = wireTo(t, (b) => {
    if (ipv4Protocol(b, 0) === IpProtocol.ICMP) errors.push(readIcmpError(b, 0))
    else answers++
  })
  const edge = new UdpServerEdge({ fabric, prefixes: [parsePrefix('0.0.0.0/0')!], idleMs: IDLE_MS, maxFlows: 1_000 })
  t.teardown(() => edge.close())
  const send = (sourcePort: number, backend: { address: number; port: number }, source = BIP): void => {
    const packet = datagram(sourcePort, 'x', backend, source)
    edge.receive(packet, 0, packet.length, 0)
  }
  const broadcast = { address: parseIpv4('127.255.255.255')!, port: 53 }
  send(20_000, broadcast)
  send(20_000, broadcast)
  await until(() => errors.length === 1)
  t.match(errors[0], {
    type: IcmpType.DESTINATION_UNREACHABLE,
    code: UnreachableCode.HOST,
    offending: { sourceAddress: BIP, sourcePort: 20_000, destinationAddress: broadcast.address, destinationPort: 53 },
  })
  t.match(edge.counters, { unreachable: 2, datagramsOut: 0 }, 'each datagram is counted')
  t.equal(edge.flowCount, 0)
  for (const address of HOSTILE_ADDRESSES)
    for (const port of [0, 1, 65_535])
      for (const sourcePort of [0, 20_001]) send(sourcePort, { address: parseIpv4(address)!, port })
  send(20_002, BACKEND, parseIpv4('203.0.113.1')!)
  await until(() => edge.counters.bindFailed === 1)
  send(20_003, BACKEND)
  await until(() => answers === 1)
  wire.blocked = true
  const icmp = errors.length
  for (let i = 0; i < 100; i++) send(20_004, broadcast)
  await until(() => edge.counters.unreachable > 100)
  t.equal(errors.length, icmp, 'an error that finds the queue full is dropped')
})

t.test('drops of the kernel are counted at the sockets that are ours, and at backends', async (t) => {
  const { fabric } = wireTo(t)
  const clients = new UdpClientEdge({
    fabric,
    services: [SERVICE],
    onListenFailures: (failures) => t.same(failures, []),
  })
  t.teardown(() => clients.close())
  await clients.update(() => true)
  const servers = serverEdge(t, fabric)
  const packet = datagram(20_000, 'x')
  servers.receive(packet, 0, packet.length, 0)
  const unconnected = { peerAddress: 0, peerPort: 0, inode: '1', drops: 9 }
  const flow = {
    address: BIP,
    port: 20_000,
    peerAddress: BACKEND.address,
    peerPort: BACKEND.port,
    inode: '2',
    drops: 9,
  }
  for (const edge of [clients, servers]) {
    edge.countKernelDrops({ address: SERVICE.address, port: SERVICE.port, ...unconnected }, 1)
    edge.countKernelDrops(flow, 2)
    edge.countKernelDrops({ ...BACKEND, ...unconnected }, 4)
    edge.countKernelDrops({ ...flow, port: 20_001 }, 8)
  }
  t.equal(clients.counters.kernelDrops, 1)
  t.match(servers.counters, { kernelDrops: 2, backendKernelDrops: 4 })
})

t.test(
  'malformed datagrams are counted and dropped; a flow beyond the limit ends the one that has been idle longest',
  async (t) => {
    const edge = serverEdge(t, wireTo(t).fabric, 1)
    for (const port of [20_000, 20_001]) {
      const packet = datagram(port, 'x')
      edge.receive(packet, 0, packet.length, 0)
      edge.receive(packet, 0, 27, 0)
    }
    t.match(edge.counters, { malformed: 2, overLimit: 0, evicted: 1 })
    t.equal(edge.flowCount, 1)
    const none = serverEdge(t, wireTo(t).fabric, 0)
    const packet = datagram(20_000, 'x')
    none.receive(packet, 0, packet.length, 0)
    t.match(none.counters, { overLimit: 1, evicted: 0 })
  },
)

t.test('a flood of single datagrams ends its own flows, and none that goes on', async (t) => {
  const peers = await echo(t)
  const { fabric } = wireTo(t)
  const edge = serverEdge(t, fabric, 50)
  const send = (port: number): void => {
    const packet = datagram(port, 'x')
    edge.receive(packet, 0, packet.length, 0)
  }
  const streams = Array.from({ length: 10 }, (_, i) => 20_000 + i)
  for (const port of [...streams, ...streams]) send(port)
  await until(() => peers.length === 20)
  for (let i = 0; i < 500; i++) send(21_000 + i)
  t.match(edge.counters, { evicted: 460, overLimit: 0 })
  t.equal(edge.flowCount, 50)
  const before = peers.length
  for (const port of streams) send(port)
  t.equal(edge.counters.evicted, 460, 'they are all still there')
  await until(() => peers.length >= before + 10)
})

t.test('flows are closed when nothing has passed for long enough, in either direction', async (t) => {
  const peers = await echo(t)
  const { fabric, wire } = wireTo(t)
  const edge = serverEdge(t, fabric)
  const clock = new ManualClock()
  const send = (port: number): void => {
    const packet = datagram(port, 'x')
    edge.receive(packet, 0, packet.length, clock.now)
  }
  send(20_000)
  send(20_001)
  await until(() => wire.log.length === 2)
  edge.sweep(clock.now) // what a backend has sent counts from the sweep that finds it
  clock.advance(IDLE_MS - 1)
  edge.sweep(clock.now)
  t.equal(edge.flowCount, 2)
  send(20_001)
  await until(() => wire.log.length === 3)
  edge.sweep(clock.now)
  clock.advance(IDLE_MS - 1)
  edge.sweep(clock.now)
  t.equal(edge.flowCount, 1)
  clock.advance(1)
  edge.sweep(clock.now)
  t.equal(edge.flowCount, 0)
  send(20_000)
  await until(() => wire.log.length === 4)
  t.equal(peers.length, 4, 'and opened again, from the same port')
})

t.test('a backend that goes on sending keeps its flow', async (t) => {
  let client: { readonly socket: Socket; readonly port: number } | undefined
  await bind(t, '127.69.3.11', BACKEND.port, (_payload, socket, from) => {
    client = { socket, port: parseEndpoint(from)!.port }
  })
  const { fabric, wire } = wireTo(t)
  const edge = serverEdge(t, fabric)
  const clock = new ManualClock()
  const packet = datagram(20_000, 'subscribe')
  edge.receive(packet, 0, packet.length, clock.now)
  await until(() => client !== undefined)
  for (let event = 1; event <= 4; event++) {
    client!.socket.send('event', client!.port, '127.69.2.11')
    await until(() => wire.log.length === event)
    clock.advance(IDLE_MS - 1)
    edge.sweep(clock.now)
    t.equal(edge.flowCount, 1)
  }
  clock.advance(IDLE_MS)
  edge.sweep(clock.now)
  t.equal(edge.flowCount, 0)
})

t.test('10,000 flows are opened and closed again, twice from the same ports', async (t) => {
  const FLOWS = 10_000
  const OPEN_MAX = 500
  /** As many as the backend's receive buffer takes for sure. */
  const AT_ONCE = 100
  await echo(t)
  const { fabric, wire } = wireTo(t)
  const edge = serverEdge(t, fabric, OPEN_MAX)
  const clock = new ManualClock()
  for (let flow = 0; flow < FLOWS; ) {
    for (const burstEnd = flow + AT_ONCE; flow < burstEnd; flow++) {
      const packet = datagram(20_000 + (flow % (FLOWS / 2)), 'x')
      edge.receive(packet, 0, packet.length, clock.now)
    }
    await until(() => wire.log.length === flow)
    if (flow % OPEN_MAX !== 0) continue
    edge.sweep(clock.now)
    t.equal(edge.flowCount, OPEN_MAX)
    clock.advance(IDLE_MS)
    edge.sweep(clock.now)
    t.equal(edge.flowCount, 0)
  }
  t.match(edge.counters, { datagramsOut: FLOWS, datagramsIn: FLOWS, overLimit: 0, refused: 0, lostToQueue: 0 })
})

t.test('an edge that is closed while sockets are being opened closes those too', async (t) => {
  const edge = serverEdge(t, wireTo(t).fabric)
  for (let port = 20_000; port < 20_050; port++) {
    const packet = datagram(port, 'x')
    edge.receive(packet, 0, packet.length, 0)
  }
  edge.close()
  edge.close()
  t.equal(edge.flowCount, 0)
  // All of these ports can be bound: the sockets are gone.
  for (let port = 20_000; port < 20_050; port++) await bind(t, '127.69.2.11', port)
})
