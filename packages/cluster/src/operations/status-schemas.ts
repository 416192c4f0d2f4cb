import type { LbBackendStatus, LbStatus as LbStatusOf, SessionView } from '@fivetuple/lb-node'
import type { RouteExplanation, SwitchStatus as SwitchStatusOf } from '@fivetuple/switch'
import * as Type from 'typebox'
import { Count, Counters, Flag, list, Ms, mapOf, nullable, strict, Text, Unreachable, type Value } from './schemas.js'

/** A NAT session. */
export const Session = Type.Unsafe<SessionView>(
  strict({
    protocol: Text,
    client: Text,
    vip: Text,
    bip: Text,
    backend: Text,
    state: Text,
    ageMs: Ms,
    idleMs: Ms,
    packetsFromClient: Count,
    packetsFromBackend: Count,
  }),
)

const Resources = Type.Object({ rssBytes: Count, heapUsedBytes: Count, timers: Count, handles: Count })

const BgpError = Type.Object({
  direction: nullable(Text),
  text: Text,
  code: nullable(Count),
  subcode: nullable(Count),
  agoMs: Ms,
  at: Text,
})

const BgpSession = Type.Object({
  neighbor: Text,
  address: Text,
  as: Count,
  port: nullable(Count),
  portId: nullable(Count),
  exports: Type.Array(Text),
  state: Text,
  stateMs: Ms,
  establishedMs: nullable(Ms),
  holdTime: nullable(Count),
  prefixesIn: Count,
  prefixesOut: Count,
  refused: Counters,
  lastRefused: nullable(Type.Object({ prefix: Text, cause: Text, reason: Text, agoMs: Ms })),
  lastError: nullable(BgpError),
  attemptError: nullable(BgpError),
  remedy: nullable(Text),
})

const BgpRefusals = Type.Object({
  connections: Count,
  recentConnections: Type.Array(
    Type.Object({ address: Text, neighbor: nullable(Text), reason: Text, count: Count, agoMs: Ms }),
  ),
})

// Statuses of roles may have more fields than those.
const SwitchStatus = Type.Unsafe<SwitchStatusOf>(
  Type.Object({
    name: Text,
    role: Text,
    address: Text,
    ports: Type.Array(Type.Object({ id: Count, peer: Text, up: Flag, packetsIn: Count, packetsOut: Count })),
    routes: Type.Array(
      Type.Object({
        prefix: Text,
        origin: Text,
        cost: Count,
        ageMs: Ms,
        nextHops: Type.Array(Type.Object({ via: Text, address: Text, port: nullable(Count) })),
      }),
    ),
    sessions: Type.Array(BgpSession),
    bgpRefusals: BgpRefusals,
    flows: Count,
    edge: Counters,
    drops: Counters,
    cards: Type.Array(
      Type.Object({
        card: Count,
        pid: Count,
        state: Text,
        restarts: Count,
        fibVersion: Count,
        lanesUp: Count,
        flows: Count,
        packetsIn: Count,
      }),
    ),
    process: Resources,
  }),
)

const LbStatus = Type.Unsafe<LbStatusOf>(
  Type.Object({
    name: Text,
    address: Text,
    bip: Text,
    vips: Type.Array(Type.Object({ address: Text, inhibitedBy: Type.Array(Text), drainedBy: Type.Array(Text) })),
    draining: Flag,
    cables: strict({ uplink: Flag, downlink: Flag }),
    sessions: Count,
    sessionsToDrain: Count,
    sessionsByState: Counters,
    bgp: mapOf(Text),
    services: Type.Array(
      Type.Object({
        name: Text,
        policy: Text,
        sessions: Count,
        newFlows: Count,
        isInPanic: Flag,
        flowsInPanic: Count,
        backends: Type.Array(
          Type.Object({
            name: Text,
            weight: Count,
            isHealthy: Flag,
            isDrained: Flag,
            sessions: Count,
            sessionsToDrain: Count,
            newFlows: Count,
          }),
        ),
      }),
    ),
    drops: Counters,
    process: Resources,
  }),
)

const RoleStatus = strict({
  name: Text,
  kind: Type.Enum(['switch', 'lb', 'backend']),
  /** 0 while it is not running. */
  pid: Count,
  /** `paused`: by SIGSTOP. `kept-stopped`: down until it is started by a command. `stopped`: down for good. */
  state: Type.Enum(['starting', 'running', 'paused', 'restarting', 'kept-stopped', 'stopped']),
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
  unreachable: list(Unreachable),
})
export type ClusterStatus = Value<typeof Status>

/** Health of each backend, as each LB sees it. */
export const Health = strict({
  backends: list(
    Type.Unsafe<LbBackendStatus & { readonly vip: string; readonly lb: string }>(
      Type.Object({
        vip: Text,
        lb: Text,
        name: Text,
        weight: Count,
        isHealthy: Flag,
        isDrained: Flag,
        sessions: Count,
      }),
    ),
  ),
  unreachable: list(Unreachable),
})
export type Health = Value<typeof Health>

/** What would happen to one five-tuple now, hop by hop. */
export const Explanation = strict({
  client: Text,
  vip: Text,
  protocol: Type.Enum(['tcp', 'udp']),
  /** Decision of the uplink switch; null: it has no route for the VIP. */
  route: nullable(
    Type.Unsafe<RouteExplanation>(
      Type.Object({ prefix: Text, cost: Count, m: Count, index: Count, reason: Text, port: Count, lb: Text }),
    ),
  ),
  /** Session of this flow on the chosen LB. */
  session: nullable(Session),
  /**
   * Sessions of this flow on other LBs, if the chosen one has none: the flow is broken by rehash when
   * its client sends next.
   */
  sessionsElsewhere: list(strict({ lb: Text, session: Session })),
})
export type Explanation = Value<typeof Explanation>

const flows = {
  /** All established flows: the sum of the others. */
  flows: Count,
  /** Flows of the LBs that would be gone. */
  directLoss: Count,
  /** Flows of other LBs that would be broken by rehash. */
  collateral: Count,
  /** Flows that would keep their LB. */
  unaffected: Count,
}
const FlowPrediction = strict(flows)
export type FlowPrediction = Value<typeof FlowPrediction>

/** Outcomes of the established TCP flows if some LBs were gone. */
export const Prediction = strict({
  without: list(Text),
  /** As in `modulo over murmur3`. */
  selection: Text,
  /** VIPs that have flows, in the order of the configuration. */
  vips: list(strict({ vip: Text, ...flows, byLb: mapOf(FlowPrediction) })),
})
export type Prediction = Value<typeof Prediction>

/** NAT sessions of one LB. */
export const LbSessions = strict({
  lb: Text,
  sessions: list(Session),
  /** Reason why the LB did not respond. */
  unreachable: Type.Optional(Text),
})
export type LbSessions = Value<typeof LbSessions>
