/**
 * The load balancer: its pure parts, and the configuration, requests and reports of its process.
 */

export type {
  CapacityConfig,
  DirectionFaults,
  LbBackendConfig,
  LbBgpConfig,
  LbCableConfig,
  LbCheckConfig,
  LbConfig,
  LbHealthConfig,
  LbServiceConfig,
  LinkFault,
  NatConfig,
  NatTimeouts,
  ServiceLimits,
} from './config.js'
export type { LbContract } from './contract.js'
export { AddressTable } from './control-plane/address-table.js'
export { type CheckStatus, HealthChecker, type HealthCheckerOptions } from './control-plane/drivers/health-checker.js'
export { httpCheck } from './control-plane/drivers/http-check.js'
export { Redundancy, type RedundancyOptions } from './control-plane/drivers/redundancy.js'
export { tcpCheck } from './control-plane/drivers/tcp-check.js'
export { udpCheck } from './control-plane/drivers/udp-check.js'
export type { Check, CheckHost, CheckMethod, CheckOutcome, CheckTarget } from './control-plane/health/check.js'
export { type CheckTiming, fastIntervalOf, firstCheckAt, nextCheckAt } from './control-plane/health/check-schedule.js'
export type { CheckSpec, ServedPort } from './control-plane/health/check-spec.js'
export {
  type CheckResult,
  countsAsHealthy,
  HEALTH_TRANSITIONS,
  type Health,
  type HealthState,
  type HealthThresholds,
  observe,
  unknownHealth,
} from './control-plane/health/health-state.js'
export { HttpResponse } from './control-plane/health/http-response.js'
export { type CheckPath, PathMonitor } from './control-plane/health/path-monitor.js'
export type { CheckCounts } from './control-plane/health/probe.js'
export { slowStartNextChange, slowStartShare } from './control-plane/health/slow-start.js'
export type { StatusRange } from './control-plane/health/status-ranges.js'
export { isServiceUp, type Watermark } from './control-plane/health/watermark.js'
export type { RedundancyConfig, RedundancyPeer, RedundancyVip } from './control-plane/redundancy/config.js'
export type { ElectionStatus, RedundancyStatus, RefusalCause } from './control-plane/redundancy/status.js'
export { type Inhibitor, VipPlacement } from './control-plane/vip-placement.js'
export type { ConnectFailure, OnConnectFailure } from './data-plane/connect-attempts.js'
export type { LbCounters, LbDropCause, LbDrops } from './data-plane/counters.js'
export { lbSessionsToDrain, sessionsToDrain, UDP_DRAIN_MS } from './data-plane/drain-progress.js'
export { LbForwarder, type LbForwarderOptions } from './data-plane/forwarder.js'
export type { LocalHost } from './data-plane/local-host.js'
export type { MemberLinks } from './data-plane/member-links.js'
export { eraseClientAddress, insertClientAddress } from './data-plane/nat/client-address-option.js'
export { PortPool } from './data-plane/nat/port-pool.js'
export { SessionTable } from './data-plane/nat/session-table.js'
export {
  FROM_BACKEND,
  FROM_CLIENT,
  SESSION_STATE_NAMES,
  SegmentKind,
  SessionState,
  segmentKind,
  TIMEOUT_CLASS_OF,
  TimeoutClass,
} from './data-plane/nat/tcp-tracking.js'
export { isInPanicMode, type PanicSettings } from './data-plane/panic-mode.js'
export type {
  BackendChange,
  BackendSpec,
  Service,
  ServiceBackend,
  ServiceKey,
  ServiceSpec,
} from './data-plane/service.js'
export { ServiceTable } from './data-plane/service-table.js'
export type { SessionInfo } from './data-plane/session-info.js'
export type { InjectedFaultsStatus } from './injected/status.js'
export type { BackendDrain } from './lb-node.js'
export { LINK_DIRECTIONS, LINK_SIDES, type LinkDirection, type LinkSide } from './link-faults/names.js'
export type { BackendPolicy, PolicyBackend, PolicyFlow, PolicySnapshot, PolicyTraits } from './policy/policy.js'
export { BACKEND_POLICIES, BACKEND_POLICY_NAMES, type BackendPolicyName } from './policy/registry.js'
export { roundRobin } from './policy/round-robin.js'
export type { LbBackendStatus, LbServiceStatus, LbStatus, PlacedVip, SessionView } from './status.js'
