/** The layer-3 switch: its pure parts, configuration and status. */
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
export type {
  FlowKey,
  FlowShift,
  ForwardedReport,
  PredictRequest,
  PredictResult,
  RouteExplanation,
  SwitchContract,
} from './contract.js'
export { neighborRemedy } from './control-plane/neighbor-remedy.js'
export { type FibChange, type RouteChange, RouteTable } from './control-plane/route-table.js'
export { fillBuckets } from './data-plane/ecmp/fill-buckets.js'
export { hashThreshold } from './data-plane/ecmp/hash-threshold.js'
export { Maglev } from './data-plane/ecmp/maglev.js'
export { modulo } from './data-plane/ecmp/modulo.js'
export { ECMP_SELECTIONS, type EcmpSelectionName } from './data-plane/ecmp/registry.js'
export { Resilient, type ResilientOptions } from './data-plane/ecmp/resilient.js'
export type { EcmpSelection, NextHopGroup, Selector } from './data-plane/ecmp/selection.js'
export type { Decision } from './data-plane/explain-route.js'
export { Fib } from './data-plane/fib/fib.js'
export { EDGE_PORT, type Route } from './data-plane/fib/route.js'
export { type FlowBudgets, flowBudgets, sumBudgets } from './data-plane/flow-budgets.js'
export { Forwarder, type ForwarderOptions, type ForwarderPort } from './data-plane/forwarder.js'
export { type NewFlowPorts, newFlowPorts } from './data-plane/new-flow-ports.js'
export { expectedShares } from './data-plane/oracle/expected-shares.js'
export type { EdgeFlow } from './data-plane/oracle/flow-list.js'
export { flowShifts } from './data-plane/oracle/flow-shifts.js'
export { changedRoute } from './data-plane/oracle/next-hop-change.js'
export { Oracle } from './data-plane/oracle/oracle.js'
export { predictResults } from './data-plane/oracle/predict-results.js'
export { whatIf } from './data-plane/oracle/what-if.js'
export type { PortCounters } from './data-plane/port-counters.js'
export type {
  BgpErrorStatus,
  BgpSessionStatus,
  LineCardStatus,
  ListenFailureStatus,
  RouteNextHopStatus,
  RouteStatus,
  SwitchPortStatus,
  SwitchStatus,
} from './status.js'
