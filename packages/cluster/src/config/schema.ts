import { BACKEND_POLICY_NAMES } from '@fivetuple/lb-node/policies'
import { FLOW_HASH_NAMES } from '@fivetuple/packet/hashes'
import { ECMP_SELECTION_NAMES } from '@fivetuple/switch/selections'
import Type, { type Static, type TRecord, type TSchema } from 'typebox'
import { DEFAULTS } from './defaults.js'
import {
  BFD_INTERVAL_MAX_MS,
  BFD_INTERVAL_MIN_MS,
  BFD_MULTIPLIER_MAX,
  BFD_MULTIPLIER_MIN,
  MAX_FLOWS,
  MAX_KEPT_EVENTS,
  MAX_KEPT_FLOWS,
  MAX_LINE_CARDS,
  MAX_NODES,
  MAX_RATE,
  MAX_SESSIONS,
  MAX_VIPS,
  MAX_WEIGHT,
  MAX_WINDOW_BYTES,
  MIN_WINDOW_BYTES,
} from './limits.js'
import { links } from './schema-links.js'
import {
  ADDRESS,
  address,
  allOr,
  as,
  duration,
  name,
  OCTET,
  object,
  oneOf,
  port,
  prefix,
  text,
  whole,
} from './schema-parts.js'

// This module makes the published JSON Schema and the type of the user's document. It is not loaded
// when a cluster starts: the import of TypeBox takes a fifth of a second. A `title` completes the
// sentence "it must be ..." in error messages.

const backend = object(
  {
    name: name('Name by which VIPs refer to it.'),
    address: address('Address where it listens; it must be a loopback address.'),
    port: port('The port it listens on.'),
  },
  { title: 'a mapping with name, address and port', description: 'A server of your own.' },
)

/** Mapping whose keys are names. */
const byName = <V extends TSchema>(key: string, value: V, description: string) =>
  Type.Object(
    {},
    {
      title: `a mapping of names of ${key}`,
      additionalProperties: value as never,
      description,
      maxProperties: MAX_NODES,
    },
  ) as unknown as TRecord<string, V>

const rate = (what: string) => whole(1, MAX_RATE, `Most ${what} a second; default: no limit.`)

const { health: healthDefaults } = DEFAULTS
const STATUS = 'an HTTP status from 200 to 599 such as 204, or a range such as 200-299'
const status = Type.Integer({ minimum: 200, maximum: 599 })
const statusRange = Type.String({ pattern: '^[2-5][0-9]{2}(-[2-5][0-9]{2})?$' })
const health = object(
  {
    check: Type.Optional(
      oneOf(
        ['http', 'tcp', 'udp', 'none'],
        'Type of the checks that each LB makes of each backend; default: http for servers that we start, tcp for others, none for UDP.',
      ),
    ),
    path: Type.Optional(
      text('a path such as /healthz', '^/[!-~]{0,200}$', 'Path of an HTTP check.', {
        default: healthDefaults.path,
      }),
    ),
    method: Type.Optional(
      oneOf(['GET', 'HEAD', 'OPTIONS'], 'Method of an HTTP check.', { default: healthDefaults.method }),
    ),
    host: Type.Optional(
      text(
        'a host name, with a port or without, as in www.example.org:8080',
        '^[A-Za-z0-9._~:\\[\\]-]{1,255}$',
        'Host header of an HTTP check; default: the address and port that it connects to.',
      ),
    ),
    status: Type.Optional(
      Type.Union(
        [
          status,
          statusRange,
          Type.Array(Type.Union([status, statusRange], { title: STATUS }), { minItems: 1, maxItems: 20 }),
        ],
        {
          title: `${STATUS}, or a list of them`,
          description: 'Statuses that an HTTP check expects.',
          default: healthDefaults.status,
        },
      ),
    ),
    port: Type.Optional(port("Port that a check connects to; default: the backend's own.")),
    interval: Type.Optional(duration('Time from one check to the next.', healthDefaults.interval)),
    timeout: Type.Optional(duration('Time that a check may take.', healthDefaults.timeout)),
    rise: Type.Optional(
      whole(1, 100, 'Good checks in a row that make a backend healthy.', { default: healthDefaults.rise }),
    ),
    fall: Type.Optional(whole(1, 100, 'Failures in a row that make it unhealthy.', { default: healthDefaults.fall })),
    low: Type.Optional(
      whole(1, MAX_NODES, 'With fewer healthy backends than this the VIP counts as down.', {
        default: healthDefaults.low,
      }),
    ),
    high: Type.Optional(
      whole(1, MAX_NODES, 'With this many it is up again; default: as low.', { default: healthDefaults.high }),
    ),
    slowStart: Type.Optional(
      duration('Time over which a backend that has recovered gets its full share.', healthDefaults.slowStart),
    ),
    noBackend: Type.Optional(
      oneOf(
        ['withdraw', 'reset', 'panic'],
        'Action of an LB while the VIP is down: withdraw its route, reset new flows, or ignore health (panic mode).',
        { default: healthDefaults.noBackend },
      ),
    ),
    panicThreshold: Type.Optional(
      whole(
        0,
        100,
        'Panic mode: with a smaller share of healthy backends, per cent, health is ignored while the VIP is up; 0: never.',
        { default: healthDefaults.panicThreshold },
      ),
    ),
  },
  { description: 'Health checks of the backends by the LBs.' },
)

const limits = object(
  {
    sessions: Type.Optional(whole(1, MAX_SESSIONS, 'Most sessions of the VIP on one LB; default: no limit.')),
    newFlowsPerSecond: Type.Optional(rate('new flows of the VIP on one LB')),
  },
  { description: 'Limits of the VIP on each LB, so that a flood of it does not take the share of other VIPs.' },
)

const capacity = object(
  {
    packetsPerSecond: Type.Optional(rate('packets, both directions together,')),
    newFlowsPerSecond: Type.Optional(rate('new flows')),
  },
  { description: 'Capacity of one LB; excess packets are dropped. Default: that of the machine.' },
)

const vip = object(
  {
    name: name('Name in commands and reports.'),
    address: Type.Optional(address('Its address; default: <block>.10.<position in the list>.')),
    port: Type.Optional(port('Port that clients connect to.', { default: DEFAULTS.vip.port })),
    protocol: Type.Optional(oneOf(['tcp', 'udp'], 'Protocol that it carries.', { default: DEFAULTS.vip.protocol })),
    lbs: Type.Optional(allOr('LBs, as in [lb-1, lb-3]', 'The LBs that carry it.')),
    backends: Type.Optional(allOr('backends, as in [backend-1, backend-2]', 'The servers behind it.')),
    policy: Type.Optional(
      oneOf([...BACKEND_POLICY_NAMES], 'Policy by which an LB selects a backend for a new flow.', {
        default: DEFAULTS.vip.policy,
      }),
    ),
    weights: Type.Optional(
      byName(
        'backends',
        whole(0, MAX_WEIGHT, 'Share of new flows; 0: none.'),
        'Shares of new flows, for policies that honour them; default: 1 each.',
      ),
    ),
    health: Type.Optional(health),
    limits: Type.Optional(limits),
    clientAddress: Type.Optional(
      oneOf(
        ['none', 'toa', 'proxy-v2'],
        "Form in which the client's address and port are passed to the backend: not at all, as TCP option 254 of the handshake's segments, or as a PROXY protocol v2 header. For TCP.",
        { default: DEFAULTS.vip.clientAddress },
      ),
    ),
    expose: Type.Optional(
      text(
        'a loopback address:port such as 127.0.0.1:8081',
        `^${ADDRESS}:[1-9][0-9]{0,4}$`,
        'Listen here for clients instead; needed for a VIP outside 127.0.0.0/8.',
      ),
    ),
  },
  { title: 'a mapping with at least a name', description: 'A virtual service.' },
)

const { bfd: bfdDefaults } = DEFAULTS
const BFD_INTERVAL = `Shortest interval between packets in either direction, ${BFD_INTERVAL_MIN_MS}ms to ${BFD_INTERVAL_MAX_MS / 1_000}s.`
const BFD_AUTH_TYPES = ['keyed-sha1', 'meticulous-keyed-sha1'] as const
const bfdAuthMapping = object({
  type: oneOf([...BFD_AUTH_TYPES], 'Type of authentication (RFC 5880 §6.7.4).'),
  key: text('a text of 1 to 20 printable ASCII characters', '^[!-~]{1,20}$', 'Secret of both ends.', {
    writeOnly: true,
  }),
  keyId: Type.Optional(whole(0, 255, 'Identifier of the key.', { default: bfdDefaults.keyId })),
})
const bfdTimers = {
  interval: Type.Optional(duration(BFD_INTERVAL, bfdDefaults.interval)),
  multiplier: Type.Optional(
    whole(BFD_MULTIPLIER_MIN, BFD_MULTIPLIER_MAX, 'Missing packets that make a failure.', {
      default: bfdDefaults.multiplier,
    }),
  ),
}
const bfd = Type.Union(
  [
    Type.Enum(['on', 'off']),
    object({
      ...bfdTimers,
      auth: Type.Optional(
        Type.Union([Type.Enum(['none', ...BFD_AUTH_TYPES]), bfdAuthMapping], {
          title: `none, ${BFD_AUTH_TYPES.join(', ')}, or a mapping with type and key`,
          description: "Authentication of the packets; the key is derived from the cluster's own unless there is one.",
          default: bfdDefaults.auth,
        }),
      ),
    }),
  ],
  {
    title: 'on, off, or a mapping with interval, multiplier and auth',
    description: 'Detection of silent failures between LBs and switches (RFC 5880).',
    default: 'on',
  },
)
const neighborBfd = Type.Union(
  [
    Type.Enum(['on', 'off']),
    object({
      ...bfdTimers,
      multihop: Type.Optional(
        Type.Boolean({
          title: 'true or false',
          description: 'True for UDP port 4784 (RFC 5883), false for 3784 (RFC 5881).',
          default: bfdDefaults.multihop,
        }),
      ),
      auth: Type.Optional(
        Type.Union([Type.Enum(['none']), bfdAuthMapping], {
          title: 'none, or a mapping with type and key',
          description: 'Authentication of the packets.',
          default: 'none',
        }),
      ),
    }),
  ],
  {
    title: 'on, off, or a mapping with interval, multiplier, multihop and auth',
    description: 'BFD with it; interval and multiplier are those of the cluster unless they are set.',
    default: 'off',
  },
)

const neighbor = object(
  {
    name: name('Name in reports.'),
    switch: oneOf(['uplink', 'downlink'], 'The switch that it peers with.'),
    address: address('Its address.'),
    as: as('Its AS number.'),
    passive: Type.Optional(
      Type.Boolean({
        title: 'true or false',
        description: 'True if it dials the switch and is never dialled.',
        default: DEFAULTS.bgp.passive,
      }),
    ),
    allowedPrefixes: Type.Optional(
      Type.Array(prefix('An announcement must be this or more specific.'), {
        title: 'a list of prefixes',
        description: 'Prefixes that it may announce; default: none.',
        maxItems: 1_000,
      }),
    ),
    prefixLimit: Type.Optional(
      whole(1, 1_000_000, 'Most prefixes taken from it.', { default: DEFAULTS.bgp.prefixLimit }),
    ),
    export: Type.Optional(
      Type.Union(
        [
          Type.Enum(['none', 'default', 'vips', 'backends']),
          Type.Array(Type.Enum(['default', 'vips', 'backends']), { maxItems: 3 }),
        ],
        {
          title: 'none, default, vips, backends, or a list of these',
          description:
            'Routes that the switch announces to it: the default route (uplink), the VIPs that are forwarded to LBs (uplink), or the prefixes of the backends (downlink).',
          default: 'none',
        },
      ),
    ),
    nextHop: Type.Optional(
      address(
        'NEXT_HOP of what is announced to it; default: the address of the switch, which daemons refuse in 127/8.',
      ),
    ),
    port: Type.Optional(port('TCP port that is dialled; default: bgp.port.')),
    holdTime: Type.Optional(
      duration('Silence that ends the session: 3s to 65535s in whole seconds, 0: none; default: bgp.holdTime.'),
    ),
    bfd: Type.Optional(neighborBfd),
  },
  { title: 'a mapping with name, switch, address and as', description: 'A routing daemon of your own.' },
)

const { bgp, ecmp, edge, log, nat: natDefaults } = DEFAULTS

const nat = object(
  {
    portRange: Type.Optional(
      Type.Array(whole(1_024, 65_535, 'A source port.'), {
        title: 'a list of two ports, first and last, as in [4096, 32767]',
        description: 'Source ports that an LB uses towards backends.',
        minItems: 2,
        maxItems: 2,
        default: [...natDefaults.portRange],
      }),
    ),
    maxSessions: Type.Optional(
      whole(1, MAX_SESSIONS, 'Most sessions of one LB at once.', { default: natDefaults.maxSessions }),
    ),
    unknownFlow: Type.Optional(
      oneOf(['reset', 'drop'], 'Response to a packet that belongs to no session.', {
        default: natDefaults.unknownFlow,
      }),
    ),
    timeouts: Type.Optional(
      object(
        {
          syn: Type.Optional(duration('Handshake not finished.', natDefaults.timeouts.syn)),
          established: Type.Optional(duration('Silence in an open session.', natDefaults.timeouts.established)),
          closing: Type.Optional(duration('One side has sent its FIN.', natDefaults.timeouts.closing)),
          closed: Type.Optional(duration('Both sides are done, or a RST was seen.', natDefaults.timeouts.closed)),
          udp: Type.Optional(duration('Silence in a UDP session.', natDefaults.timeouts.udp)),
        },
        { description: 'After which time a session is forgotten.' },
      ),
    ),
  },
  { description: 'Address translation in the LBs.' },
)

/** Configuration file of a cluster. */
export const clusterSchema = object(
  {
    name: Type.Optional(name('Name of the cluster.', { default: DEFAULTS.name })),
    block: Type.Optional(
      text(
        "'auto' or a /16 of 127.0.0.0/8 such as 127.20.0.0/16",
        `^(auto|127\\.${OCTET}\\.0\\.0/16)$`,
        'The /16 that all roles take their addresses from.',
        { default: DEFAULTS.block },
      ),
    ),
    lbs: Type.Optional(
      whole(1, MAX_NODES, 'Number of load balancers: lb-1, lb-2 and so on.', { default: DEFAULTS.lbs }),
    ),
    lineCards: Type.Optional(
      whole(1, MAX_LINE_CARDS, 'Processes that forward, per switch; with 1 a switch is one process.', {
        default: DEFAULTS.lineCards,
      }),
    ),
    backends: Type.Optional(
      Type.Union(
        [whole(1, MAX_NODES, 'Number of servers to start.'), Type.Array(backend, { minItems: 1, maxItems: MAX_NODES })],
        {
          title: `a whole number from 1 to ${MAX_NODES}, or a list of servers with name, address and port`,
          description: 'Servers: a number of them to start (backend-1, backend-2 and so on), or a list of your own.',
          default: DEFAULTS.backends,
        },
      ),
    ),
    vips: Type.Optional(
      Type.Array(vip, {
        title: 'a list of VIPs',
        description: 'Virtual services; default: web on all LBs, api on all but the last.',
        minItems: 1,
        maxItems: MAX_VIPS,
      }),
    ),
    vrrp: Type.Optional(
      object(
        {
          interval: Type.Optional(
            duration(
              'Time between advertisements; three of them missing, another LB takes over.',
              DEFAULTS.vrrp.interval,
            ),
          ),
          preempt: Type.Optional(
            Type.Boolean({
              title: 'true or false',
              description: 'True if an LB of higher priority takes VIPs back when it returns.',
              default: DEFAULTS.vrrp.preempt,
            }),
          ),
        },
        { description: 'The election of the active LB, for redundancy: active-standby.' },
      ),
    ),
    checks: Type.Optional(
      Type.Boolean({
        title: 'true or false',
        description: 'True if backends are checked; if false, only failed connections show that a backend is down.',
        default: DEFAULTS.checks,
      }),
    ),
    ecmp: Type.Optional(
      object(
        {
          selection: Type.Optional(
            oneOf([...ECMP_SELECTION_NAMES], 'Selection among equal-cost routes by the hash.', {
              default: ecmp.selection,
            }),
          ),
          hash: Type.Optional(oneOf([...FLOW_HASH_NAMES], 'Hash of the five-tuple.', { default: ecmp.hash })),
          seed: Type.Optional(whole(0, 4_294_967_295, 'Seed of the hash.', { default: ecmp.seed })),
          buckets: Type.Optional(
            whole(MAX_NODES, 65_535, 'For resilient: buckets that a VIP has.', { default: ecmp.buckets }),
          ),
          idleTimer: Type.Optional(
            duration('For resilient: a bucket without a packet for so long may move.', ecmp.idleTimer),
          ),
          unbalancedTimer: Type.Optional(
            duration(
              'For resilient: after so long out of balance buckets in use move, too; 0: never.',
              ecmp.unbalancedTimer,
            ),
          ),
        },
        { description: 'Distribution of flows over LBs by the switches.' },
      ),
    ),
    bgp: Type.Optional(
      object(
        {
          port: Type.Optional(port('TCP port that all speak BGP on.', { default: bgp.port })),
          holdTime: Type.Optional(
            duration('Silence that ends a session: 3s to 65535s in whole seconds; 0: none.', bgp.holdTime),
          ),
          switchAs: Type.Optional(as('AS number of the uplink switch.', { default: bgp.switchAs })),
          downlinkAs: Type.Optional(as('AS number of the downlink switch.', { default: bgp.downlinkAs })),
          lbAs: Type.Optional(as('AS number of the LBs.', { default: bgp.lbAs })),
          nextHops: Type.Optional(
            prefix('LB k announces the k-th address in this prefix as next hop; default: its router address.'),
          ),
          neighbors: Type.Optional(
            Type.Array(neighbor, {
              title: 'a list of neighbours',
              description: 'Routing daemons of your own that peer with a switch; control plane only.',
              maxItems: 100,
            }),
          ),
        },
        { description: 'The routing sessions between LBs and switches.' },
      ),
    ),
    bfd: Type.Optional(bfd),
    links: Type.Optional(links),
    nat: Type.Optional(nat),
    capacity: Type.Optional(capacity),
    overrides: Type.Optional(
      byName(
        'LBs',
        object(
          { nat: Type.Optional(nat), capacity: Type.Optional(capacity) },
          { title: 'a mapping with nat or capacity' },
        ),
        'Settings of single LBs that differ from what holds for all.',
      ),
    ),
    redundancy: Type.Optional(
      oneOf(
        ['active-active', 'active-standby'],
        'All LBs carry a VIP at once (ECMP), or one at a time as with VRRP: the baseline to compare with.',
        { default: DEFAULTS.redundancy },
      ),
    ),
    edge: Type.Optional(
      object(
        {
          windowBytes: Type.Optional(
            whole(MIN_WINDOW_BYTES, MAX_WINDOW_BYTES, 'Receive window per flow and direction, bytes.', {
              default: edge.windowBytes,
            }),
          ),
          keepAlive: Type.Optional(
            duration('Silence after which a flow is probed; 0: never; default: bgp.holdTime, or 9s if that is 0.'),
          ),
          maxFlows: Type.Optional(whole(1, MAX_FLOWS, 'Most flows of one edge at once.', { default: edge.maxFlows })),
        },
        { description: 'Edges of the switches, where sockets become packets.' },
      ),
    ),
    events: Type.Optional(
      object(
        {
          keep: Type.Optional(whole(100, MAX_KEPT_EVENTS, 'Events that are kept.', { default: DEFAULTS.events.keep })),
        },
        { description: "Log of events, for 'fivetuple events'." },
      ),
    ),
    flows: Type.Optional(
      Type.Union(
        [
          Type.Literal('off'),
          object({
            keep: Type.Optional(
              whole(0, MAX_KEPT_FLOWS, 'Ended flows that are kept; older ones are only counted.', {
                default: DEFAULTS.flows.keep,
              }),
            ),
          }),
        ],
        {
          title: "'off' or a mapping with keep",
          description: "Records of the flows that clients open, for 'fivetuple flows'; off: none are made.",
        },
      ),
    ),
    log: Type.Optional(
      object(
        {
          level: Type.Optional(
            oneOf(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'Log level of all roles.', {
              default: log.level,
            }),
          ),
        },
        { description: 'Logging.' },
      ),
    ),
  },
  {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'a mapping of settings',
    description:
      'Configuration of a fivetuple cluster. Everything has a default: an empty file is the default cluster.',
  },
)

/** Configuration as its user wrote it. It satisfies the schema. */
export type ClusterDocument = Static<typeof clusterSchema>
