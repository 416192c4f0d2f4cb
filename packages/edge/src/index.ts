/** Where real sockets become packets and packets real sockets. */
export { ClientEdge, type ClientEdgeOptions, type ClientEdgeService } from './client-edge.js'
export { type Fabric, NO_ROUTE } from './fabric.js'
export {
  type ConnectionHandlers,
  FabricConnection,
  type FabricErrorCode,
} from './fabric-connection.js'
export {
  type DatagramChannel,
  type DatagramOptions,
  FabricHost,
  type FabricHostOptions,
  type FabricTarget,
} from './fabric-host.js'
export { Flow, type FlowApplication, type FlowFailure } from './flow.js'
export type { LocalFailure, LocalFailureCounters } from './local-failure.js'
export { ServerEdge, type ServerEdgeOptions } from './server-edge.js'
export type { ListenFailure } from './service-listeners.js'
export { TcpEdge, type TcpEdgeCounters, type TcpEdgeOptions } from './tcp-edge.js'
export { TICK_MS, TimerWheel, type WheelEntry } from './timer-wheel.js'
export { UdpClientEdge, type UdpClientEdgeCounters, type UdpClientEdgeOptions } from './udp-client-edge.js'
export { UdpServerEdge, type UdpServerEdgeCounters, type UdpServerEdgeOptions } from './udp-server-edge.js'
