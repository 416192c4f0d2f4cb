import Type from 'typebox'
import { type Route, route } from '../route.js'
import { Count, Counters, Flag, Ms, mapOf, Name, nullable, strict, Text } from '../schemas.js'

const Session = strict({
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
})

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

// Roles tell more of themselves from version to version: their statuses may grow.
const SwitchStatus = Type.Object({
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
})

const LbStatus = Type.Object({
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
})

const Status = Type.Object({
  name: Text,
  block: Text,
  roles: Type.Array(Type.Object({ name: Text, kind: Text, pid: Count, state: Text, restarts: Count })),
  vips: Type.Array(
    Type.Object({
      name: Text,
      address: Text,
      port: Count,
      protocol: Text,
      listen: Text,
      lbs: Type.Array(Text),
      routedTo: Type.Array(Text),
      listenFailure: Type.Union([strict({ code: Text, reason: Text }), Type.Null()]),
    }),
  ),
  switches: mapOf(SwitchStatus),
  lbs: mapOf(LbStatus),
  unreachable: Type.Array(strict({ name: Text, reason: Text })),
})

const Explanation = Type.Object({
  client: Text,
  vip: Text,
  protocol: Text,
  route: nullable(
    Type.Object({ prefix: Text, cost: Count, m: Count, index: Count, reason: Text, port: Count, lb: Text }),
  ),
  session: nullable(Session),
  sessionsElsewhere: Type.Array(strict({ lb: Text, session: Session })),
})

const Flows = { flows: Count, directLoss: Count, collateral: Count, unaffected: Count }
const Prediction = strict({
  without: Type.Array(Text),
  selection: Text,
  vips: Type.Array(strict({ vip: Text, ...Flows, byLb: mapOf(strict(Flows)) })),
})

const SESSIONS_DEFAULT = 1_000

/** What the cluster does now. */
export const statusRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/status',
    summary: 'Ports, routes, sessions, health and counters of all roles.',
    response: Status,
    handle: (control) => control.status.status(),
  }),
  route({
    method: 'GET',
    path: '/v1/explain',
    summary: 'Which LB a flow takes, and why; and its session, if there is one.',
    query: strict({
      client: Type.String({ maxLength: 32, title: 'address:port' }),
      vip: Type.String({ maxLength: 64, title: "address:port or a VIP's name" }),
      protocol: Type.Optional(Type.Enum(['tcp', 'udp'], { title: "tcp or udp; default: the named VIP's, else tcp" })),
    }),
    response: Explanation,
    handle: (control, { query }) => control.status.explain(query.client, query.vip, query.protocol),
  }),
  route({
    method: 'GET',
    path: '/v1/predict',
    summary:
      'Outcomes of the established TCP flows if LBs were gone: direct loss, collateral, unaffected. Changes nothing.',
    query: strict({
      without: Type.String({ minLength: 1, maxLength: 4_096, title: "LBs' names, with commas between" }),
    }),
    response: Prediction,
    handle: (control, { query }) => control.status.predict(query.without.split(',')),
  }),
  route({
    method: 'GET',
    path: '/v1/lbs/:lb/sessions',
    summary: "NAT sessions of an LB, or of all LBs ('all'): at most `limit` (1,000) of each.",
    params: strict({ lb: Name }),
    query: strict({
      vip: Type.Optional(Name),
      limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,4}$', title: 'a number from 1 to 99999' })),
    }),
    response: Type.Array(strict({ lb: Text, sessions: Type.Array(Session), unreachable: Type.Optional(Text) })),
    handle: (control, { params, query }) =>
      control.status.sessions(params.lb, query.vip, Number(query.limit ?? SESSIONS_DEFAULT)),
  }),
]
