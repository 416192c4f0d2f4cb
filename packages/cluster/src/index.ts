/** The cluster as a whole: its configuration, its plan, its launcher and the API that controls it. */
export { ApiClient } from './api/client.js'
export type { ClusterControl } from './api/control.js'
export type { ClearedFaults, Fault, FaultList, FaultReport, LinkSide, LinkSides, RollingStep } from './api/faults.js'
export { ApiError } from './api/problem.js'
export type { Route } from './api/route.js'
export { ROUTES } from './api/routes/all.js'
export { type ApiServerOptions, createApiServer } from './api/server.js'
export type {
  ClusterStatus,
  Explanation,
  LbVips,
  Prediction,
  RoleStatus,
  VipPrediction,
  VipStatus,
} from './api/status.js'
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
export type { ClusterEvent, ReadyBackend, ReadyReport, ReadySwitch, ReadyVip } from './launcher/events.js'
export { type ClusterRecord, runningClusters } from './launcher/run-directory.js'
export { findFreeBlock } from './plan/find-free-block.js'
export { type ClusterPlan, planCluster, type VipPlan } from './plan/plan.js'
