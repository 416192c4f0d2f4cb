import { webcrypto as crypto } from 'node:crypto'
import {
  ClientEdge,
  type Fabric,
  ServerEdge,
  TcpEdge,
  type TcpEdgeOptions,
  UdpClientEdge,
  UdpServerEdge,
} from '@fivetuple/edge'
import { IpProtocol, ipv4Protocol, type Prefix, parseIpv4, readIcmpError } from '@fivetuple/packet'
import { type Clock, DeadlineTimer, KernelDrops, type Logger, type OverflowedSocket } from '@fivetuple/runtime'
import { tcpOptions } from '@fivetuple/tcp'
import type { ClientEdgeConfig, EdgeServiceConfig, EdgeTcpConfig, ServerEdgeConfig } from '../config.js'
import type { FlowBudgets } from '../data-plane/flow-budgets.js'
import type { ListenFailureStatus } from '../status.js'

const UDP_SWEEP_MS = 1_000
/**
 * Interval at which drops of the kernel are read, besides in each status: a socket that has closed
 * shows its drops no more.
 */
const KERNEL_DROPS_MS = 10_000

/** The edge of a switch: where packets end and sockets begin. */
export interface SwitchEdge {
  readonly tcp: TcpEdge
  /** TCP and UDP flows that end here. */
  readonly flowCount: number
  /** Counters of the edge, TCP and UDP. */
  counters(): Record<string, number>
  /** Brings what the kernel has dropped at UDP sockets into the counters. */
  countKernelDrops(): Promise<void>
  /** A packet that the route table sends to the edge. */
  receive(b: Uint8Array, start: number, end: number, now: number): void
  /** Sets which VIPs have a route now; resolves when listeners match. */
  update(hasRoute: (address: number) => boolean): Promise<void>
  /** Addresses and ports that are listened on, as text. */
  listening(): string[]
  /** Services that can't be listened for. */
  listenFailures(): ListenFailureStatus[]
  close(): Promise<void>
}

/** Place of this process among those with an edge of the same switch. */
export interface EdgeShare {
  /** From 0. */
  readonly card: number
  readonly cards: number
}

/** The whole edge in one process. */
export const SOLE_EDGE: EdgeShare = { card: 0, cards: 1 }

/** Surroundings of an edge within its switch. */
export interface EdgePlace {
  readonly budgets: FlowBudgets
  readonly share: EdgeShare
  /** Prefixes of the servers, for an edge towards servers. */
  readonly serverPrefixes: readonly Prefix[]
  readonly onListenFailures: (failures: readonly ListenFailureStatus[]) => void
}

/** Makes the edge that the configuration asks for: towards clients or towards servers. */
export function createEdge(
  config: ClientEdgeConfig | ServerEdgeConfig,
  place: EdgePlace,
  fabric: Fabric,
  clock: Clock,
  log: Logger,
): SwitchEdge {
  return config.kind === 'client'
    ? createClientEdge(config, place, fabric, clock)
    : createServerEdge(config, place, fabric, clock, log)
}

function createClientEdge(
  config: ClientEdgeConfig,
  { budgets, share, onListenFailures: report }: EdgePlace,
  fabric: Fabric,
  clock: Clock,
): SwitchEdge {
  const { tcp, timer } = createTcpEdge(config.tcp, budgets, fabric, clock)
  const listenFailures = (): ListenFailureStatus[] =>
    [...client.listenFailures, ...udp.listenFailures].map(({ service, code, reason }) => ({
      service: service.name,
      code,
      reason,
    }))
  const onListenFailures = (): void => report(listenFailures())
  const isShared = share.cards > 1
  const services = servicesOf(config.services, 'tcp')
  const client: ClientEdge = new ClientEdge({ edge: tcp, clock, services, isShared, onListenFailures })
  // The kernel would give the datagrams of one flow now to one, now to another of the sockets'
  // readers: each UDP service has one card that reads it.
  const own = servicesOf(config.services, 'udp').filter((_, i) => i % share.cards === share.card)
  const udp: UdpClientEdge = new UdpClientEdge({ fabric, services: own, onListenFailures })
  const sampler = sampleKernelDrops(
    () => own.length > 0,
    (socket, drops) => udp.countKernelDrops(socket, drops),
  )
  return {
    tcp,
    get flowCount() {
      return tcp.flowCount
    },
    counters: () => ({ ...tcp.counters, ...prefixed(udp.counters) }),
    countKernelDrops: sampler.sample,
    receive: receiver(tcp, udp),
    update: async (hasRoute) => {
      await Promise.all([client.update(hasRoute), udp.update(hasRoute)])
    },
    listening: () => [...client.listening, ...udp.listening].map(({ listen }) => `${listen.address}:${listen.port}`),
    listenFailures,
    async close() {
      sampler.close()
      await Promise.all([udp.close(), client.close()])
      tcp.abortAll(clock.now())
      timer.close()
    },
  }
}

function createServerEdge(
  config: ServerEdgeConfig,
  { budgets, share, serverPrefixes: prefixes }: EdgePlace,
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
  const { tcp, timer } = createTcpEdge(config.tcp, budgets, fabric, clock, server, checkSources(config))
  const udp = new UdpServerEdge({ fabric, prefixes, idleMs: config.udpIdleMs, maxFlows: budgets.udp })
  const sampler = sampleKernelDrops(
    () => udp.flowCount > 0,
    (socket, drops) => {
      // One card counts for all what is dropped at backends.
      if (socket.peerPort !== 0 || share.card === 0) udp.countKernelDrops(socket, drops)
    },
  )
  const sweep = setInterval(() => udp.sweep(clock.now()), UDP_SWEEP_MS)
  return {
    tcp,
    get flowCount() {
      return tcp.flowCount + udp.flowCount
    },
    counters: () => ({ ...tcp.counters, ...prefixed(udp.counters) }),
    countKernelDrops: sampler.sample,
    receive: receiver(tcp, udp),
    update: () => Promise.resolve(),
    listening: () => [],
    listenFailures: () => [],
    async close() {
      clearInterval(sweep)
      sampler.close()
      udp.close()
      tcp.abortAll(clock.now())
      timer.close()
    },
  }
}

/** @param isInUse false while there is no socket that could drop anything */
function sampleKernelDrops(isInUse: () => boolean, count: (socket: OverflowedSocket, drops: number) => void) {
  const kernel = new KernelDrops()
  void kernel.sample(count) // what was dropped before is not counted
  const timer = setInterval(() => {
    if (isInUse()) void kernel.sample(count)
  }, KERNEL_DROPS_MS)
  return {
    sample: async (): Promise<void> => {
      if (isInUse()) await kernel.sample(count)
    },
    close: (): void => clearInterval(timer),
  }
}

function createTcpEdge(
  config: EdgeTcpConfig,
  budgets: FlowBudgets,
  fabric: Fabric,
  clock: Clock,
  server?: ServerEdge,
  isReserved?: TcpEdgeOptions['isReserved'],
) {
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
        keepAliveMs: config.keepAliveMs ?? Number.POSITIVE_INFINITY,
        halfClosedKeepAliveMs: config.keepAliveMs === null ? Number.POSITIVE_INFINITY : config.halfClosedKeepAliveMs,
        giveUpMs: config.giveUpMs,
      }),
      maxFlows: budgets.tcp,
      reservedFlows: budgets.checks,
      ...(isReserved === undefined ? {} : { isReserved }),
      nextIss: issGenerator(),
      onEarlierDeadline: (deadline) => timer.arm(deadline),
      ...(server === undefined ? {} : { onIncoming: server.accept }),
    },
    clock.now(),
  )
  return { tcp, timer }
}

/**
 * Distinguishes flows of health checks from those of clients by their source, which no client can
 * have.
 */
function checkSources({ checks }: ServerEdgeConfig): (address: number, port: number) => boolean {
  const ports = new Map((checks?.sources ?? []).map((source) => [parseIpv4(source.address)!, source.ports]))
  return (address, port) => {
    const range = ports.get(address)
    return range !== undefined && port >= range[0] && port <= range[1]
  }
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
