import { IpProtocol, NO_ROUTE } from '@fivetuple/packet'
import type { NewFlows } from '../contract.js'
import { EDGE_PORT } from './fib/route.js'
import { RouteChoice, type RoutingState, selectRoute } from './select-route.js'

/** Ports of flows that begin now. */
export interface NewFlowPorts {
  /** Ports that new flows of the service may take, without the edge. */
  readonly ports: readonly number[]
  /** Index in `ports` per flow; the number of `ports`: there is no route. */
  readonly chosen: readonly number[]
}

/**
 * Returns the ports that flows to a service would take if they began now, by the function that
 * forwards their first packets. Changes nothing.
 */
export function newFlowPorts(state: RoutingState, { vip, protocol, clients }: NewFlows): NewFlowPorts {
  const route = vip.address === state.address ? undefined : state.fib.lookup(vip.address)?.route
  const { nextHops = [], draining = [] } = route ?? {}
  const ports = nextHops.filter((port) => port !== EDGE_PORT && !draining.includes(port))
  const number = protocol === 'tcp' ? IpProtocol.TCP : IpProtocol.UDP
  const choice = new RouteChoice()
  const chosen: number[] = []
  const none: number[] = []
  for (let i = 0; i + 1 < clients.length; i += 2) {
    const port = selectRoute(state, clients[i]!, vip.address, clients[i + 1]!, vip.port, number, true, false, choice)
    if (port === NO_ROUTE || port === EDGE_PORT) none.push(chosen.length)
    // An LB that drains keeps a new flow if no further flow can be diverted.
    else if (!ports.includes(port)) ports.push(port)
    chosen.push(ports.indexOf(port))
  }
  for (const i of none) chosen[i] = ports.length
  return { ports, chosen }
}
