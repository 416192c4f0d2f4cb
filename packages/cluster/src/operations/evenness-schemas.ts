import * as Type from 'typebox'
import { Count, list, mapOf, nullable, optional, strict, Text, type Value } from './schemas.js'

const ServiceEvenness = strict({
  /** Name of the VIP, or address:port. */
  vip: Text,
  protocol: Type.Enum(['tcp', 'udp']),
  flows: Count,
  /** Flows without a route to an LB. */
  unrouted: Count,
  /** Flows per LB that takes new flows of the service, LBs without any included. */
  perLb: mapOf(Count),
  /** Pearson's statistic against equal shares; null: fewer than two LBs, or no flows. */
  chiSquare: nullable(Type.Number()),
  /** LBs less one. */
  degreesOfFreedom: Count,
  /** Probability that chance alone spreads equal shares at least as unevenly, 0 to 1. */
  pValue: nullable(Type.Number()),
  /** LB with most flows; `overload` is its flows over the mean of all LBs. */
  worst: nullable(strict({ lb: Text, flows: Count, overload: Type.Number() })),
})
export type ServiceEvenness = Value<typeof ServiceEvenness>

/** LBs of many five-tuples, by the function that forwards their first packets. */
export const Evenness = strict({
  /** Selection and hash, as in `modulo over murmur3`. */
  selection: Text,
  /** Seed of the sources; null: the flows were listed in the request. */
  seed: nullable(Count),
  /** Pool of the sources, CIDR; null: the flows were listed in the request. */
  from: nullable(Text),
  vips: list(ServiceEvenness),
  /** Each flow with its LB, in the order of the request; only with `each`. */
  flows: optional(list(strict({ client: Text, vip: Text, protocol: Type.Enum(['tcp', 'udp']), lb: nullable(Text) }))),
})
export type Evenness = Value<typeof Evenness>
