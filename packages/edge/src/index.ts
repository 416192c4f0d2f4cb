/** Real sockets as packets and packets as real sockets. */

export type { Fabric } from './fabric/fabric.js'
export { Flow, type FlowApplication, type FlowFailure } from './fabric/flow.js'
export type { LocalFailure, LocalFailureCounters } from './fabric/local-failure.js'
export { TcpEdge, type TcpEdgeOptions } from './fabric/tcp-edge.js'
export type { TcpEdgeCounters } from './fabric/tcp-edge-counters.js'
export { TICK_MS, TimerWheel, type WheelEntry } from './fabric/timer-wheel.js'
export {
  type ConnectionHandlers,
  FabricConnection,
  type FabricErrorCode,
} from './host/fabric-connection.js'
export {
  type DatagramChannel,
  type DatagramOptions,
  FabricHost,
  type FabricHostOptions,
  type FabricTarget,
} from './host/fabric-host.js'
export { ClientEdge, type ClientEdgeOptions } from './sockets/client-edge.js'
export type { ClientEdgeService } from './sockets/client-edge-service.js'
export { ServerEdge, type ServerEdgeOptions } from './sockets/server-edge.js'
export type { ListenFailure } from './sockets/service-listeners.js'
export { UdpClientEdge, type UdpClientEdgeCounters, type UdpClientEdgeOptions } from './sockets/udp-client-edge.js'
export { UdpServerEdge, type UdpServerEdgeCounters, type UdpServerEdgeOptions } from './sockets/udp-server-edge.js'
