/** The load balancer: its pure parts, and what its process is told and tells. */
export { AddressTable } from './address-table.js'
export type {
  LbBackendConfig,
  LbBgpConfig,
  LbCableConfig,
  LbConfig,
  LbServiceConfig,
  NatConfig,
  NatTimeouts,
} from './config.js'
export type { LbCounters, LbDropCause, LbDrops } from './counters.js'
export { LbForwarder, type LbForwarderOptions, type SessionInfo } from './forwarder.js'
export { PortPool } from './nat/port-pool.js'
export { SessionTable } from './nat/session-table.js'
export {
  FROM_BACKEND,
  FROM_CLIENT,
  IS_OVER,
  SESSION_STATE_NAMES,
  SegmentKind,
  SessionState,
  segmentKind,
  TIMEOUT_CLASS_OF,
  TimeoutClass,
} from './nat/tcp-tracking.js'
export type { BackendPolicy, PolicyBackend, PolicyFlow, PolicySnapshot } from './policy/policy.js'
export { BACKEND_POLICIES, type BackendPolicyName } from './policy/registry.js'
export { roundRobin } from './policy/round-robin.js'
export type { BackendSpec, Service, ServiceBackend, ServiceKey, ServiceSpec } from './service.js'
export { ServiceTable } from './service-table.js'
export type { LbBackendStatus, LbServiceStatus, LbStatus } from './status.js'
