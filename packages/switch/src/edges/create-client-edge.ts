import { ClientEdge, type Fabric, UdpClientEdge, UdpClientFlows } from '@fivetuple/edge'
import { parseIpv4 } from '@fivetuple/packet'
import type { Clock } from '@fivetuple/runtime'
import type { ClientEdgeConfig, EdgeServiceConfig } from '../config.js'
import type { ListenFailureStatus } from '../status.js'
import { createTcpEdge } from './create-tcp-edge.js'
import { prefixed, receiver } from './protocols.js'
import { sampleKernelDrops } from './sample-kernel-drops.js'
import type { EdgePlace, SwitchEdge } from './switch-edge.js'

/** Interval at which idle UDP flows are ended, ms. */
const UDP_SWEEP_MS = 1_000
/** Most UDP flows that are recorded at once; the one that is idle for longest makes room. */
const UDP_FLOWS_MAX = 65_536

/** Creates the edge of the uplink switch, towards clients. */
export function createClientEdge(
  config: ClientEdgeConfig,
  { budgets, share, recorder, onListenFailures: report }: EdgePlace,
  fabric: Fabric,
  clock: Clock,
): SwitchEdge {
  const { tcp, timer } = createTcpEdge(config.tcp, budgets, fabric, clock, undefined, undefined, recorder)
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
  // The kernel would distribute the datagrams of one flow over the readers of a shared socket, so
  // each UDP service is read by one card.
  const own = servicesOf(config.services, 'udp').filter((_, i) => i % share.cards === share.card)
  const udpFlows =
    recorder === undefined || own.length === 0
      ? undefined
      : new UdpClientFlows({ recorder, clock, idleMs: config.records!.udpIdleMs, maxFlows: UDP_FLOWS_MAX })
  const sweep = udpFlows && setInterval(() => udpFlows.sweep(), UDP_SWEEP_MS).unref()
  const udp: UdpClientEdge = new UdpClientEdge({
    fabric,
    services: own,
    onListenFailures,
    ...(udpFlows && { flows: udpFlows }),
  })
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
      clearInterval(sweep)
      udpFlows?.close()
      tcp.abortAll(clock.now())
      timer.close()
    },
  }
}

function servicesOf(services: readonly EdgeServiceConfig[], wanted: EdgeServiceConfig['protocol']) {
  return services
    .filter(({ protocol }) => protocol === wanted)
    .map(({ name, address, port, listen }) => ({ name, address: parseIpv4(address)!, port, listen }))
}
