import { SESSION_STATES } from '@fivetuple/bgp'
import { FAULT_KINDS, type Fault, SCOPES } from '@fivetuple/faults'
import type { Message } from '@fivetuple/runtime'
import {
  Count,
  countsOf,
  Flag,
  keyOf,
  Ms,
  mapOf,
  nullable,
  oneOf,
  Resources,
  strict,
  Text,
} from '@fivetuple/runtime/schemas'
import { BfdSpeakerStatus } from '@fivetuple/speaker/schemas'
import Type from 'typebox'
import { RedundancyStatus } from './control-plane/redundancy/status.js'
import { INHIBITORS } from './control-plane/vip-placement.js'
import { type LbDropCause, newLbCounters } from './data-plane/counters.js'
import { SESSION_STATE_NAMES } from './data-plane/nat/tcp-tracking.js'
import { InjectedFaultsStatus } from './injected/status.js'
import { BACKEND_POLICIES } from './policy/registry.js'

// Status of an LB, as schemas and as the types that are derived from them. Addresses are text,
// counters totals since its start. Objects of a status may grow from version to version, so they
// allow more properties than they name.

/** A VIP that an operator has put on an LB. */
export type PlacedVip = Message<typeof PlacedVip>
export const PlacedVip = strict({
  address: Text,
  /** Reasons why it is not on the interface; empty: it is. */
  inhibitedBy: Type.Array(oneOf(INHIBITORS)),
  /** Reasons why it takes no new flows although it is on the interface; empty: it takes them. */
  drainedBy: Type.Array(oneOf(INHIBITORS)),
})

/** Result of the health checks of a backend. */
export type CheckView = Message<typeof CheckView>
export const CheckView = Type.Object({
  type: oneOf(['http', 'tcp', 'udp']),
  health: oneOf(['unknown', 'healthy', 'unhealthy']),
  /** Time since it has been so, ms. */
  sinceMs: Ms,
  lastReason: Text,
  /** Reason of the last failure, of a check or of the traffic; null: there was none. */
  lastFailure: nullable(Text),
  /** ms; null before the first check has ended. */
  lastDurationMs: nullable(Ms),
  successes: Count,
  failures: Count,
})

export type LbBackendStatus = Message<typeof LbBackendStatus>
export const LbBackendStatus = Type.Object({
  name: Text,
  weight: Count,
  isHealthy: Flag,
  /** null: it is not checked. */
  check: nullable(CheckView),
  isDrained: Flag,
  sessions: Count,
  /**
   * Sessions that a drain of this backend waits for: all of TCP; of UDP those that may still be in
   * use.
   */
  sessionsToDrain: Count,
  newFlows: Count,
  /** New flows that it refused or did not respond to. */
  connectFailures: Count,
})

const Limits = Type.Object({
  /** null: no limit but the table's. */
  maxSessions: nullable(Count),
  /** null: no limit. */
  newFlowsPerSecond: nullable(Count),
})

export type LbServiceStatus = Message<typeof LbServiceStatus>
export const LbServiceStatus = Type.Object({
  name: Text,
  policy: keyOf(BACKEND_POLICIES),
  limits: Limits,
  sessions: Count,
  /** Flows since the start. */
  newFlows: Count,
  /** True in panic mode: too few backends are healthy, and health is ignored when one is picked. */
  isInPanic: Flag,
  /** New flows since the start that were given to a backend in panic mode. */
  flowsInPanic: Count,
  backends: Type.Array(LbBackendStatus),
})

const Directions = Type.Object({ fromUplink: Count, fromDownlink: Count })

/** Fault of a link. */
export const LinkFaultJson = Type.Unsafe<Fault>({
  type: 'object',
  required: ['kind'],
  properties: { kind: { type: 'string', enum: FAULT_KINDS.map(({ kind }) => kind) } },
})

/** Faults of one direction of a link, and what they did to its packets. */
const LinkDirectionStatus = Type.Object({
  /** In the order in which they compose. */
  faults: Type.Array(strict({ id: Text, scope: oneOf(SCOPES), fault: LinkFaultJson })),
  /** Packets that met a fault, data and control. */
  sent: Count,
  duplicates: Count,
  delivered: Count,
  /** Packets under way. */
  queued: Count,
  /** Dropped packets per cause: the kind of fault, or the bound of the packets under way. */
  drops: countsOf([...FAULT_KINDS.map(({ kind }) => kind), 'queue-full'] as const),
})
const LinkStatus = Type.Object({ in: LinkDirectionStatus, out: LinkDirectionStatus })

export type LbStatus = Message<typeof LbStatus>
export const LbStatus = Type.Object({
  name: Text,
  address: Text,
  bip: Text,
  /** VIPs that are to be on its interface. */
  vips: Type.Array(PlacedVip),
  /** Election of the LB that carries each VIP; null: all LBs carry theirs at once. */
  redundancy: nullable(RedundancyStatus),
  /** True while it asks the uplink switch for no new flows. */
  draining: Flag,
  cables: strict({ uplink: Flag, downlink: Flag }),
  /** Injected faults of the links. */
  links: strict({ uplink: LinkStatus, downlink: LinkStatus }),
  /** Injected faults of its control plane and resources. */
  injected: InjectedFaultsStatus,
  sessions: Count,
  /**
   * Sessions that a drain of this LB waits for: all of TCP; of UDP none after two seconds, since
   * their flows are elsewhere.
   */
  sessionsToDrain: Count,
  sessionsByState: countsOf(SESSION_STATE_NAMES),
  /** State of the session with each switch. */
  bgp: mapOf(oneOf(SESSION_STATES)),
  /** BFD session with each switch. */
  bfd: BfdSpeakerStatus,
  packets: Directions,
  bytes: Directions,
  services: Type.Array(LbServiceStatus),
  sessionsEvicted: Count,
  /** New flows that were given to another backend because the first did not take them. */
  connectRetries: Count,
  /**
   * UDP flows that were given another backend because theirs has refused a datagram, or may take no
   * new flows.
   */
  udpFlowsMoved: Count,
  resetsSent: Count,
  /** Dropped packets per cause. */
  drops: countsOf(Object.keys(newLbCounters().drops) as LbDropCause[]),
  process: Resources,
})

/** One NAT session as people read it; endpoints are `address:port`. */
export type SessionView = Message<typeof SessionView>
export const SessionView = strict({
  protocol: Text,
  client: Text,
  vip: Text,
  /** BIP and port that the backend sees. */
  bip: Text,
  backend: Text,
  state: oneOf(SESSION_STATE_NAMES),
  ageMs: Ms,
  idleMs: Ms,
  packetsFromClient: Count,
  packetsFromBackend: Count,
})
