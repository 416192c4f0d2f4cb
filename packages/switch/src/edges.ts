import { webcrypto as crypto } from 'node:crypto'
import { ClientEdge, type Fabric, ServerEdge, TcpEdge, UdpClientEdge, UdpServerEdge } from '@fivetuple/edge'
import { IpProtocol, ipv4Protocol, type Prefix, parseIpv4, readIcmpError } from '@fivetuple/packet'
import { type Clock, DeadlineTimer, type Logger } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import type { ClientEdgeConfig, EdgeServiceConfig, EdgeTcpConfig, ServerEdgeConfig } from './config.js'

const UDP_SWEEP_MS = 1_000

/** The edge of a switch: where packets end and sockets begin. */
export interface SwitchEdge {
  readonly tcp: TcpEdge
  /** TCP and UDP flows that end here. */
  readonly flowCount: number
  /** What the edge has counted, TCP and UDP. */
  counters(): Record<string, number>
  /** A packet that the route table sends to the edge. */
  receive(b: Uint8Array, start: number, end: number, now: number): void
  /** Tells which VIPs have a route now; resolves when listeners match. */
  update(hasRoute: (address: number) => boolean): Promise<void>
  /** Addresses and ports that are listened on, as text. */
  listening(): string[]
  close(): Promise<void>
}

/** Makes the edge that the configuration asks for: towards clients or towards servers. */
export function createEdge(
  config: ClientEdgeConfig | ServerEdgeConfig,
  serverPrefixes: readonly Prefix[],
  fabric: Fabric,
  clock: Clock,
  log: Logger,
): SwitchEdge {
  return config.kind === 'client'
    ? createClientEdge(config, fabric, clock, log)
    : createServerEdge(config, serverPrefixes, fabric, clock, log)
}

function createClientEdge(config: ClientEdgeConfig, fabric: Fabric, clock: Clock, log: Logger): SwitchEdge {
  const { tcp, timer } = createTcpEdge(config.tcp, fabric, clock)
  const onListenError = ({ name }: { readonly name: string }, error: Error): void =>
    log.error({ service: name }, error.message)
  const client = new ClientEdge({ edge: tcp, clock, services: servicesOf(config.services, 'tcp'), onListenError })
  const udp = new UdpClientEdge({ fabric, services: servicesOf(config.services, 'udp'), onListenError })
  return {
    tcp,
    get flowCount() {
      return tcp.flowCount
    },
    counters: () => ({ ...tcp.counters, ...prefixed(udp.counters) }),
    receive: receiver(tcp, udp),
    update: async (hasRoute) => {
      await Promise.all([client.update(hasRoute), udp.update(hasRoute)])
    },
    listening: () => [...client.listening, ...udp.listening].map(({ listen }) => `${listen.address}:${listen.port}`),
    async close() {
      udp.close()
      await client.close()
      tcp.abortAll(clock.now())
      timer.close()
    },
  }
}

function createServerEdge(
  config: ServerEdgeConfig,
  prefixes: readonly Prefix[],
  fabric: Fabric,
  clock: Clock,
  log: Logger,
): SwitchEdge {
  const server: ServerEdge = new ServerEdge(
    {
      clock,
      prefixes,
      proxyProtocol: (config.proxyProtocol ?? []).map(({ address, port }) => ({ address: parseIpv4(address)!, port })),
      onDialError: ({ localAddress, localPort }, code) =>
        log.info({ localAddress, localPort, code }, 'backend not reached'),
    },
    () => tcp,
  )
  const { tcp, timer } = createTcpEdge(config.tcp, fabric, clock, server)
  const udp = new UdpServerEdge({ fabric, prefixes, idleMs: config.udpIdleMs, maxFlows: config.tcp.maxFlows })
  const sweep = setInterval(() => udp.sweep(clock.now()), UDP_SWEEP_MS)
  return {
    tcp,
    get flowCount() {
      return tcp.flowCount + udp.flowCount
    },
    counters: () => ({ ...tcp.counters, ...prefixed(udp.counters) }),
    receive: receiver(tcp, udp),
    update: () => Promise.resolve(),
    listening: () => [],
    async close() {
      clearInterval(sweep)
      udp.close()
      tcp.abortAll(clock.now())
      timer.close()
    },
  }
}

function createTcpEdge(config: EdgeTcpConfig, fabric: Fabric, clock: Clock, server?: ServerEdge) {
  const timer = new DeadlineTimer(clock, () => {
    tcp.onTimeout(clock.now())
    return tcp.deadline()
  })
  const tcp = new TcpEdge(
    {
      fabric,
      tcp: tcpOptions({
        windowBytes: config.windowBytes,
        sendBufferBytes: config.windowBytes,
        keepAliveMs: config.keepAliveMs,
      }),
      maxFlows: config.maxFlows,
      nextIss: issGenerator(),
      onEarlierDeadline: (deadline) => timer.arm(deadline),
      ...(server === undefined ? {} : { onIncoming: server.accept }),
    },
    clock.now(),
  )
  return { tcp, timer }
}

function servicesOf(services: readonly EdgeServiceConfig[], wanted: EdgeServiceConfig['protocol']) {
  return services
    .filter(({ protocol }) => protocol === wanted)
    .map(({ name, address, port, listen }) => ({ name, address: parseIpv4(address)!, port, listen }))
}

function prefixed(counters: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counters).map(([name, value]) => [`udp${name[0]?.toUpperCase()}${name.slice(1)}`, value as number]),
  )
}

function receiver(tcp: TcpEdge, udp: UdpClientEdge | UdpServerEdge) {
  return (b: Uint8Array, start: number, end: number, now: number): void => {
    switch (ipv4Protocol(b, start)) {
      case IpProtocol.TCP:
        tcp.receive(b, start, end, now)
        return
      case IpProtocol.UDP:
        udp.receive(b, start, end, now)
        return
      case IpProtocol.ICMP: {
        const error = readIcmpError(b, start)
        if (error !== undefined) tcp.receiveIcmpError(error, now)
      }
    }
  }
}

/** Initial sequence numbers from the system's random source, drawn in blocks. */
function issGenerator(): () => number {
  let block = new Uint32Array(0)
  let next = 0
  return () => {
    if (next === block.length) {
      block = crypto.getRandomValues(new Uint32Array(256))
      next = 0
    }
    return block[next++]!
  }
}
