/** The layer-3 switch: its pure parts, and what its process is told and tells. */
export type {
  ClientEdgeConfig,
  EcmpConfig,
  EdgeChecksConfig,
  EdgeServiceConfig,
  EdgeTcpConfig,
  ServerEdgeConfig,
  SwitchBgpConfig,
  SwitchConfig,
  SwitchNeighborConfig,
  SwitchPortConfig,
} from './config.js'
export { fillBuckets } from './ecmp/fill-buckets.js'
export { hashThreshold } from './ecmp/hash-threshold.js'
export { Maglev } from './ecmp/maglev.js'
export { modulo } from './ecmp/modulo.js'
export { ECMP_SELECTIONS, type EcmpSelectionName } from './ecmp/registry.js'
export { Resilient, type ResilientOptions } from './ecmp/resilient.js'
export type { EcmpSelection, NextHopGroup, Selector } from './ecmp/selection.js'
export { Fib } from './fib/fib.js'
export { EDGE_PORT, NO_ROUTE, type Route } from './fib/route.js'
export { type FlowBudgets, flowBudgets, sumBudgets } from './flow-budgets.js'
export type { Decision } from './flow-explainer.js'
export {
  Forwarder,
  type ForwarderOptions,
  type ForwarderPort,
  type PortCounters,
} from './forwarder.js'
export type { FlowShift, RouteExplanation } from './forwarding-plane.js'
export { neighborRemedy } from './neighbor-remedy.js'
export { type FibChange, type RouteChange, RouteTable } from './route-table.js'
export type {
  BgpErrorStatus,
  BgpSessionStatus,
  ForwardedReport,
  LineCardStatus,
  ListenFailureStatus,
  RouteNextHopStatus,
  RouteStatus,
  SwitchPortStatus,
  SwitchStatus,
} from './status.js'
