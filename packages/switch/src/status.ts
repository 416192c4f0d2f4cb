import { RIB_REJECTIONS, SESSION_STATES } from '@fivetuple/bgp'
import { FLOW_HASHES } from '@fivetuple/packet'
import type { Message } from '@fivetuple/runtime'
import {
  Count,
  countersOf,
  countsOf,
  Flag,
  keyOf,
  Ms,
  nullable,
  oneOf,
  Resources,
  Text,
} from '@fivetuple/runtime/schemas'
import { BfdSpeakerStatus } from '@fivetuple/speaker/schemas'
import Type from 'typebox'
import { EDGE_DROPS, FORWARDER_DROPS } from './data-plane/drop-causes.js'
import { ECMP_SELECTIONS } from './data-plane/ecmp/registry.js'

// Status of a switch, as schemas and as the types that are derived from them. Addresses and
// prefixes are text, ages milliseconds, counters totals since its start. Objects of a status may
// grow from version to version, so they allow more properties than they name.

export type SwitchPortStatus = Message<typeof SwitchPortStatus>
export const SwitchPortStatus = Type.Object({
  id: Count,
  peer: Text,
  /** True while the cable has carrier. */
  up: Flag,
  /** True while an operator keeps it down. */
  isAdminDown: Flag,
  packetsIn: Count,
  bytesIn: Count,
  packetsOut: Count,
  bytesOut: Count,
})

export type RouteNextHopStatus = Message<typeof RouteNextHopStatus>
export const RouteNextHopStatus = Type.Object({
  /** The neighbour's name; 'edge' for a connected prefix. */
  via: Text,
  /** NEXT_HOP as announced; empty for a connected prefix. */
  address: Text,
  /**
   * Port to which it resolves; null for a neighbour without a cable, to which nothing is forwarded.
   */
  port: nullable(Count),
  /** True while it drains: it keeps its flows and gets no new ones. */
  isDraining: Flag,
})

export type RouteStatus = Message<typeof RouteStatus>
export const RouteStatus = Type.Object({
  /** CIDR */
  prefix: Text,
  origin: oneOf(['bgp', 'connected']),
  cost: Count,
  ageMs: Ms,
  nextHops: Type.Array(RouteNextHopStatus),
})

/** The end of a BGP session or of an attempt at one. */
export type BgpErrorStatus = Message<typeof BgpErrorStatus>
export const BgpErrorStatus = Type.Object({
  /** Direction of the NOTIFICATION; null: there was none. */
  direction: nullable(oneOf(['sent', 'received'])),
  /** In words. */
  text: Text,
  /** Codes of the NOTIFICATION (RFC 4271 §4.5); null: there was none. */
  code: nullable(Count),
  subcode: nullable(Count),
  /** Time since then, ms. */
  agoMs: Ms,
  /** ISO 8601 */
  at: Text,
})

/** A BGP neighbour: an LB, or a routing daemon of the user's. */
export type BgpSessionStatus = Message<typeof BgpSessionStatus>
export const BgpSessionStatus = Type.Object({
  neighbor: Text,
  address: Text,
  as: Count,
  /** TCP port that is dialled; null: the neighbour dials. */
  port: nullable(Count),
  /**
   * Port of the switch that leads to it; null: an external neighbour, to which nothing is
   * forwarded.
   */
  portId: nullable(Count),
  exports: Type.Array(oneOf(['connected', 'forwarded'])),
  state: oneOf(SESSION_STATES),
  /** Time since the last change of state, ms. */
  stateMs: Ms,
  /** Time for which the session has been established, ms; null: it is not. */
  establishedMs: nullable(Ms),
  /** Negotiated hold time, s; null when there is no session. */
  holdTime: nullable(Count),
  /** Prefixes accepted from it. */
  prefixesIn: Count,
  /** Prefixes announced to it. */
  prefixesOut: Count,
  messagesIn: Count,
  messagesOut: Count,
  updatesIn: Count,
  updatesOut: Count,
  /** UPDATEs whose routes were treated as withdrawn because of a malformed attribute (RFC 7606). */
  updateFaults: Count,
  notificationsIn: Count,
  notificationsOut: Count,
  /** Announced prefixes that were refused, per cause, over all its sessions. */
  refused: countsOf(RIB_REJECTIONS),
  /** The prefix that was refused last. */
  lastRefused: nullable(Type.Object({ prefix: Text, cause: oneOf(RIB_REJECTIONS), reason: Text, agoMs: Ms })),
  /** The last NOTIFICATION in either direction, or the last loss of an established session. */
  lastError: nullable(BgpErrorStatus),
  /** Failure of the last attempt at a session; null while there is a session. */
  attemptError: nullable(BgpErrorStatus),
  /** Advice, when the session of an external neighbour is down or its prefixes are refused. */
  remedy: nullable(Text),
})

/** BGP announcements and connections that were refused, of all neighbours and of strangers. */
const BgpRefusals = Type.Intersect([
  countsOf(RIB_REJECTIONS),
  Type.Object({
    /**
     * Connections from addresses that are no neighbour's, or that a neighbour opened while it was
     * not allowed to.
     */
    connections: Count,
    /** The last of these connections, by address, the latest first. */
    recentConnections: Type.Array(
      Type.Object({ address: Text, neighbor: nullable(Text), reason: Text, count: Count, agoMs: Ms }),
    ),
  }),
])

/**
 * A service whose VIP has a route and whose clients can't connect, since its address and port can't
 * be bound.
 */
export type ListenFailureStatus = Message<typeof ListenFailureStatus>
export const ListenFailureStatus = Type.Object({
  /** Name of the service. */
  service: Text,
  /** errno, as in `EADDRINUSE`. */
  code: Text,
  /** Address, port, meaning of the error and remedy. */
  reason: Text,
})

/** One process that forwards for a switch. */
export type LineCardStatus = Message<typeof LineCardStatus>
export const LineCardStatus = Type.Object({
  /** From 1. */
  card: Count,
  /** 0 while there is no process. */
  pid: Count,
  /** `unreachable`: it does not respond, and is killed if that goes on. */
  state: oneOf(['starting', 'running', 'unreachable', 'restarting']),
  restarts: Count,
  /** Version of the route table that it forwards by; 0: none yet. */
  fibVersion: Count,
  /** Member links of cables that have carrier. */
  memberLinksUp: Count,
  flows: Count,
  /** Packets received on its member links. */
  packetsIn: Count,
})

const Budgets = Type.Object({ descriptors: nullable(Count), tcp: Count, udp: Count, checks: Count })

const Diverted = Type.Object({
  /** Flows that are stored now. */
  flows: Count,
  /** Since the start. */
  total: Count,
  /** Flows that went to a next hop that drains, because too many were stored. */
  overLimit: Count,
})

const EDGE_DROP_CAUSES = Object.values(EDGE_DROPS).flatMap((drop) => (drop === null ? [] : [drop[0]]))

const forwarding = {
  ports: Type.Array(SwitchPortStatus),
  /** Flows that end at this switch's edge. */
  flows: Count,
  /** Most flows of the edge. */
  budgets: Budgets,
  edge: countersOf(Object.keys(EDGE_DROPS)),
  /** Flows that were kept from next hops that drain. */
  diverted: Diverted,
  /** Dropped packets per cause. */
  drops: countersOf([...Object.keys(FORWARDER_DROPS), ...EDGE_DROP_CAUSES]),
  /** Services that the client edge listens for, as address:port. */
  listening: Type.Array(Text),
  /** Services that the client edge can't listen for. It retries. */
  listenFailures: Type.Array(ListenFailureStatus),
  /** The processes that forward; empty: the switch is one process. */
  cards: Type.Array(LineCardStatus),
}

/** Status of forwarding, apart from routes and BGP. */
export type DataPlaneStatus = Message<typeof DataPlaneStatus>
export const DataPlaneStatus = Type.Object(forwarding)

/** Status of one line card: totals since its own start. */
export type CardStatus = Message<typeof CardStatus>
export const CardStatus = Type.Object({ ...forwarding, fibVersion: Count })

export type SwitchStatus = Message<typeof SwitchStatus>
export const SwitchStatus = Type.Object({
  name: Text,
  role: oneOf(['uplink', 'downlink']),
  address: Text,
  ecmp: Type.Object({
    selection: keyOf(ECMP_SELECTIONS),
    hash: keyOf(FLOW_HASHES),
    seed: Count,
    buckets: Count,
    idleTimerMs: Ms,
    unbalancedTimerMs: Ms,
  }),
  /** The route table: what the data plane forwards by, and what BGP knows beyond it. */
  routes: Type.Array(RouteStatus),
  /** BGP sessions by neighbour. */
  sessions: Type.Array(BgpSessionStatus),
  /** BFD sessions by neighbour. */
  bfd: BfdSpeakerStatus,
  bgpRefusals: BgpRefusals,
  ...forwarding,
  /** Resources of the switch's own process, without its line cards. */
  process: Resources,
})
