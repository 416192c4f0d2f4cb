import { type Fabric, ServerEdge, UdpServerEdge } from '@fivetuple/edge'
import { parseIpv4 } from '@fivetuple/packet'
import type { Clock, Logger } from '@fivetuple/runtime'
import type { ServerEdgeConfig } from '../config.js'
import { createTcpEdge } from './create-tcp-edge.js'
import { prefixed, receiver } from './protocols.js'
import { sampleKernelDrops } from './sample-kernel-drops.js'
import type { EdgePlace, SwitchEdge } from './switch-edge.js'

/** Interval at which idle UDP flows are closed, ms. */
const UDP_SWEEP_MS = 1_000

/** Creates the edge of the downlink switch, towards servers. */
export function createServerEdge(
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
      // One card counts the drops at backends for all cards.
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

/**
 * Returns a function that recognises flows of health checks by their source, which no client can
 * have.
 */
function checkSources({ checks }: ServerEdgeConfig): (address: number, port: number) => boolean {
  const ports = new Map((checks?.sources ?? []).map((source) => [parseIpv4(source.address)!, source.ports]))
  return (address, port) => {
    const range = ports.get(address)
    return range !== undefined && port >= range[0] && port <= range[1]
  }
}
