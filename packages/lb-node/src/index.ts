/** The load balancer: its pure parts, and what its process is told and tells. */
export { AddressTable } from './address-table.js'
export type {
  CapacityConfig,
  LbBackendConfig,
  LbBgpConfig,
  LbCableConfig,
  LbCheckConfig,
  LbConfig,
  LbHealthConfig,
  LbServiceConfig,
  NatConfig,
  NatTimeouts,
  ServiceLimits,
} from './config.js'
export type { LbCounters, LbDropCause, LbDrops } from './counters.js'
export { lbSessionsToDrain, sessionsToDrain, UDP_DRAIN_MS } from './drain-progress.js'
export type { ConnectFailure, OnConnectFailure } from './flow-opener.js'
export { LbForwarder, type LbForwarderOptions } from './forwarder.js'
export type { Check, CheckHost, CheckMethod, CheckOutcome, CheckTarget } from './health/check.js'
export { type CheckTiming, fastIntervalOf, firstCheckAt, nextCheckAt } from './health/check-schedule.js'
export type { CheckSpec, ServedPort } from './health/check-spec.js'
export { type CheckStatus, HealthChecker, type HealthCheckerOptions } from './health/health-checker.js'
export {
  type CheckResult,
  countsAsHealthy,
  HEALTH_TRANSITIONS,
  type Health,
  type HealthState,
  type HealthThresholds,
  observe,
  unknownHealth,
} from './health/health-state.js'
export { HttpAnswer } from './health/http-answer.js'
export { httpCheck } from './health/http-check.js'
export { type CheckPath, PathMonitor } from './health/path-monitor.js'
export type { CheckCounts } from './health/probe.js'
export { slowStartNextChange, slowStartShare } from './health/slow-start.js'
export { formatRanges, isInRanges, type StatusRange } from './health/status-ranges.js'
export { tcpCheck } from './health/tcp-check.js'
export { udpCheck } from './health/udp-check.js'
export { isServiceUp, type Watermark } from './health/watermark.js'
export type { BackendDrain } from './lb-node.js'
export type { LocalHost } from './local-host.js'
export { eraseClientAddress, insertClientAddress } from './nat/client-address-option.js'
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
export type { RedundancyConfig, RedundancyPeer, RedundancyVip } from './redundancy/config.js'
export { Redundancy, type RedundancyOptions } from './redundancy/redundancy.js'
export type { ElectionStatus, RedundancyStatus, RefusalCause } from './redundancy/status.js'
export type { BackendChange, BackendSpec, Service, ServiceBackend, ServiceKey, ServiceSpec } from './service.js'
export { ServiceTable } from './service-table.js'
export type { SessionInfo } from './session-info.js'
export type { LbBackendStatus, LbServiceStatus, LbStatus, PlacedVip, SessionView } from './status.js'
export { type Inhibitor, VipPlacement } from './vip-placement.js'
