import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import type { Immutable } from '../rpc/contract.js'
import { Count, oneOf, strict, Text } from '../schemas.js'

/** Kind of happening: its meaning, and the schema of each of its fields. */
export interface HappeningKind<F extends TProperties = TProperties> {
  /** One sentence for the documentation. */
  readonly summary: string
  readonly fields: F
}

/** Declares a kind of happening. */
export const happeningKind = <F extends TProperties>(summary: string, fields: F): HappeningKind<F> => ({
  summary,
  fields,
})

/** Detectors that end a BGP session. `peer`: the neighbour ended it. */
export const DETECTORS = ['carrier', 'bfd', 'hold-timer', 'transport', 'peer', 'local'] as const

/** Switch at one end of a link of an LB. */
const Side = oneOf(['uplink', 'downlink'])
/** Names of the VIPs; added by the launcher, which knows them. */
const vips = Type.Optional(Type.Array(Text))
/** Prefixes, CIDR. At most {@link PREFIXES_MAX} are named; `prefixCount` counts all. */
const prefixes = { prefixes: Type.Array(Text), prefixCount: Count, vips }
/** A VIP, dotted quad. */
const vip = { address: Text, vips }
const link = { lb: Text, side: Side }
const drain = { of: Text, sessions: Count }

/** Most prefixes that one happening names. */
export const PREFIXES_MAX = 64

/**
 * Kinds of happenings that roles report, by name. A row is all that a new kind needs: types,
 * contracts, checks in tests, filters and the documentation of events are derived from it.
 */
export const HAPPENING_KINDS = {
  'link.up': happeningKind('A link between an LB and a switch has carrier, as this end of it sees.', link),
  'link.down': happeningKind('A link between an LB and a switch has lost carrier, as this end of it sees.', {
    ...link,
    reason: Text,
  }),
  'bfd.up': happeningKind('BFD has found that the path to a neighbour works.', { neighbor: Text }),
  'bfd.down': happeningKind('BFD has found that the path to a neighbour has failed.', { neighbor: Text, reason: Text }),
  'bgp.up': happeningKind('A BGP session is established.', { neighbor: Text }),
  'bgp.down': happeningKind('An established BGP session has ended.', {
    neighbor: Text,
    /** Detector that fired. */
    detector: oneOf(DETECTORS),
    reason: Text,
  }),
  'route.changed': happeningKind('A switch has added or removed next hops of prefixes.', {
    ...prefixes,
    /** Names of the next hops; none: there was no route. */
    before: Type.Array(Text),
    /** Names of the next hops; none: the route is removed. */
    after: Type.Array(Text),
  }),
  'route.drained': happeningKind('The next hops of prefixes that request no new flows have changed.', {
    ...prefixes,
    /** Names of the next hops that drain. */
    draining: Type.Array(Text),
  }),
  'vip.announced': happeningKind('An LB has put a VIP on its interface and announces it.', vip),
  'vip.withdrawn': happeningKind('An operator has taken a VIP off an LB, which withdraws it.', vip),
  'vip.inhibited': happeningKind('An LB keeps a VIP off its interface.', {
    ...vip,
    inhibitors: Type.Array(Text),
  }),
  'backend.healthy': happeningKind('An LB gives new flows of a service to a backend again.', {
    service: Text,
    backend: Text,
    reason: Text,
  }),
  'backend.unhealthy': happeningKind('An LB gives no new flows of a service to a backend.', {
    service: Text,
    backend: Text,
    reason: Text,
  }),
  'drain.started': happeningKind('An LB requests no new flows, for itself or for a backend.', drain),
  'drain.progress': happeningKind('Number of sessions that are left of a drain.', drain),
  'drain.finished': happeningKind('The last session of a drain has ended.', drain),
  'drain.ended': happeningKind('An operator has ended a drain: new flows are requested again.', drain),
  'flows.rehashed': happeningKind('A change of routes sends established flows to other LBs; per 10 ms.', {
    flows: Count,
    /** LB by LB; `to` is missing if there is no route any more. */
    moves: Type.Array(strict({ from: Text, to: Type.Optional(Text), flows: Count })),
  }),
  'flows.reset': happeningKind('Established flows have ended, since their packets went to another LB; per 10 ms.', {
    flows: Count,
    /** By the LB that had them, with the outcome as in flow records. */
    outcomes: Type.Array(strict({ lb: Text, outcome: oneOf(['broken-by-rehash', 'lost-with-its-lb']), flows: Count })),
  }),
  'flows.unknown': happeningKind('An LB has reset flows that it has no session of; per 10 ms.', {
    flows: Count,
  }),
  'reports.dropped': happeningKind('A role has reported more in one moment than its channel takes.', {
    count: Count,
  }),
} as const

/** Happening of any kind of a registry, with the fields of its kind. */
export type HappeningOf<R extends Readonly<Record<string, HappeningKind>>> = {
  readonly [K in keyof R & string]: { readonly kind: K } & Immutable<Static<TObject<R[K]['fields']>>>
}[keyof R & string]

/** Returns the schemas of a registry's happenings, each with these fields beside its own. */
export function happeningSchemas(kinds: Readonly<Record<string, HappeningKind>>, envelope: TProperties): TSchema[] {
  return Object.entries(kinds).map(([name, { fields }]) => strict({ ...envelope, kind: Type.Literal(name), ...fields }))
}

/** Contract event `happenings` of a role: those of one turn of its event loop, in order. */
export const HappeningBatch = Type.Array(
  Type.Unsafe<HappeningOf<typeof HAPPENING_KINDS> & { id: number; mono: number; cause?: number }>(
    Type.Union(
      happeningSchemas(HAPPENING_KINDS, {
        /** Number of the happening in this process, from 1. */
        id: Type.Integer({ minimum: 1 }),
        /** Time on the monotonic clock of the machine, µs. */
        mono: Count,
        /** Number of the earlier happening that led to it. */
        cause: Type.Optional(Type.Integer({ minimum: 1 })),
      }),
    ),
  ),
)
