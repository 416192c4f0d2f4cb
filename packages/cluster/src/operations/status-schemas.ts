import { LbBackendStatus, LbStatus, SessionView } from '@fivetuple/lb-node/contract'
import { RouteExplanation, SwitchStatus } from '@fivetuple/switch/contract'
import * as Type from 'typebox'
import { OutcomeCounts } from './flow-schemas.js'
import { Count, list, Ms, mapOf, nullable, strict, Text, Unreachable, type Value } from './schemas.js'

// The contracts of the roles take time to load, so rows of the registry refer to this module
// lazily.

const RoleStatus = strict({
  name: Text,
  kind: Type.Enum(['switch', 'lb', 'backend']),
  /** 0 while it is not running. */
  pid: Count,
  /**
   * `paused`: by SIGSTOP. `kept-stopped`: down until it is started by a command. `stopped`: down
   * for good.
   */
  state: Type.Enum(['starting', 'running', 'paused', 'restarting', 'kept-stopped', 'stopped']),
  /** Share of the time in which it may run; null: it is not limited. */
  cpuShare: nullable(Type.Number()),
  restarts: Count,
  /** Time between its death and its next start, ms; null if its state is not `restarting`. */
  restartInMs: nullable(Ms),
})

/** A listener that can't be opened. */
export const ListenFailure = strict({
  /** errno, as in `EADDRINUSE`. */
  code: Text,
  /** Address, port, meaning of the error and remedy. */
  reason: Text,
})
export type ListenFailure = Value<typeof ListenFailure>

const VipStatus = strict({
  name: Text,
  address: Text,
  port: Count,
  protocol: Type.Enum(['tcp', 'udp']),
  /** Address and port that clients connect to: those of the VIP unless it is exposed elsewhere. */
  listen: Text,
  /** LBs that are to carry it. */
  lbs: list(Text),
  /** LBs that its route names now. */
  routedTo: list(Text),
  /** Reason why clients can't connect although there is a route; it is tried again every second. */
  listenFailure: nullable(ListenFailure),
  /** Flows of clients per outcome, since the start. */
  outcomes: OutcomeCounts,
})

/** Status of the whole cluster. */
export const Status = strict({
  name: Text,
  block: Text,
  roles: list(RoleStatus),
  vips: list(VipStatus),
  /** Per role name; a role that did not respond is missing and named in `unreachable`. */
  switches: mapOf(SwitchStatus),
  lbs: mapOf(LbStatus),
  /** Flows of clients per outcome since the start, by the LB that they were established with. */
  outcomes: mapOf(OutcomeCounts),
  unreachable: list(Unreachable),
})
export type ClusterStatus = Value<typeof Status>

const { sessions, bgpRefusals, bfd: switchBfd } = SwitchStatus.properties
const { bgp, bfd } = LbStatus.properties
/** BGP and BFD sessions of switches and LBs. */
export const Neighbors = strict({
  switches: list(strict({ name: Text, sessions, bgpRefusals, bfd: switchBfd })),
  lbs: list(strict({ name: Text, bgp, bfd })),
  unreachable: list(Unreachable),
})
export type Neighbors = Value<typeof Neighbors>

/** Health of each backend, per LB. */
export const Health = strict({
  backends: list(Type.Object({ vip: Text, lb: Text, ...LbBackendStatus.properties })),
  unreachable: list(Unreachable),
})
export type Health = Value<typeof Health>

/** Path of one five-tuple if a packet were sent now, hop by hop. */
export const Explanation = strict({
  client: Text,
  vip: Text,
  protocol: Type.Enum(['tcp', 'udp']),
  /** Decision of the uplink switch; null: it has no route for the VIP. */
  route: nullable(RouteExplanation),
  /** Session of this flow on the chosen LB. */
  session: nullable(SessionView),
  /**
   * Sessions of this flow on other LBs, if the chosen one has none: the flow is broken by rehash
   * when its client sends next.
   */
  sessionsElsewhere: list(strict({ lb: Text, session: SessionView })),
})
export type Explanation = Value<typeof Explanation>

/** NAT sessions of one LB. */
export const LbSessions = strict({
  lb: Text,
  sessions: list(SessionView),
  /** Reason why the LB did not respond. */
  unreachable: Type.Optional(Text),
})
export type LbSessions = Value<typeof LbSessions>
