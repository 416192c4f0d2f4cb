/** Where real sockets become packets and packets real sockets. */
export { ClientEdge, type ClientEdgeOptions, type ClientEdgeService } from './client-edge.js'
export { type Fabric, NO_ROUTE } from './fabric.js'
export { Flow, type FlowApplication, type FlowFailure } from './flow.js'
export { ServerEdge, type ServerEdgeOptions } from './server-edge.js'
export { TcpEdge, type TcpEdgeCounters, type TcpEdgeOptions } from './tcp-edge.js'
export { TICK_MS, TimerWheel, type WheelEntry } from './timer-wheel.js'
