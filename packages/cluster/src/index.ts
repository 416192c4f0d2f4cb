/**
 * The cluster as a whole: its configuration, its plan, its launcher and the API that controls it.
 */
export { ApiClient, type ClusterClient, type ClusterOperations, clusterClient, resultOf } from './api/client.js'
export { ApiError } from './api/problem.js'
export { type ApiServerOptions, createApiServer } from './api/server.js'
export type { ClusterConfig, ConfigOverrides } from './config/cluster-config.js'
export {
  type ConfigError,
  type ConfigResult,
  type ConfigWarning,
  formatConfigError,
  formatConfigWarning,
} from './config/config-error.js'
export { defaultConfig } from './config/default-config.js'
export { loadConfig } from './config/load.js'
export { WARNING_RULES, type WarningRule } from './config/warnings.js'
export { Cluster } from './launcher/cluster.js'
export type { ClusterEvent, ReadyBackend, ReadyReport, ReadySwitch, ReadyVip } from './launcher/events/event.js'
export { type ClusterRecord, runningClusters } from './launcher/run-directory.js'
export type { ClusterControl } from './operations/control.js'
export type { FaultReport } from './operations/fault-report-schema.js'
export type { ClearedFaults, Fault, FaultList } from './operations/fault-schemas.js'
export type { FlowList, FlowView } from './operations/flow-schemas.js'
export { type Operation, operation, streamingOperation } from './operations/operation.js'
export type { EventPrediction, Prediction } from './operations/prediction-schemas.js'
export { OPERATIONS, type Registry } from './operations/registry.js'
export type { RollingProgress, RollingResult } from './operations/rolling-schemas.js'
export { loaded } from './operations/schemas.js'
export type { ClusterStatus, Explanation } from './operations/status-schemas.js'
export type { LbVips } from './operations/vip-schemas.js'
export { findFreeBlock } from './plan/find-free-block.js'
export { type ClusterPlan, planCluster, type VipPlan } from './plan/plan.js'
