import { OUTCOME_NAMES, type Outcome } from '@fivetuple/flow-records'
import * as Type from 'typebox'
import { Count, list, Name, nullable, optional, strict, Text, type Value } from './schemas.js'

/** Most flows of one response. */
export const FLOWS_MAX = 10_000

/** Number of flows per outcome. */
export const OutcomeCounts = Type.Unsafe<Record<Outcome, number>>({
  type: 'object',
  required: [...OUTCOME_NAMES],
  properties: Object.fromEntries(OUTCOME_NAMES.map((name) => [name, { type: 'integer', minimum: 0 }])),
  additionalProperties: false,
})

const OutcomeName = Type.Unsafe<Outcome>({ type: 'string', enum: [...OUTCOME_NAMES] })

export const FlowQuery = strict({
  outcome: optional(
    Type.Array(OutcomeName, { minItems: 1, title: `outcomes, separated by commas: ${OUTCOME_NAMES.join(', ')}` }),
  ),
  vip: optional(Name),
  /** LB that has had the flow at any time. */
  lb: optional(Name),
  client: optional(Type.String({ maxLength: 32, title: 'an address, or address:port' })),
  /** Flows that were alive within this time before the request, ms. */
  sinceMs: optional(Type.Integer({ minimum: 0, title: 'a number of milliseconds' })),
  limit: optional(Type.Integer({ minimum: 0, maximum: FLOWS_MAX, title: `a number from 0 to ${FLOWS_MAX}` })),
  /** Flows with a lower number: `next` of the response before. */
  before: optional(Type.Integer({ minimum: 1, title: "'next' of the response before" })),
})
export type FlowQuery = Value<typeof FlowQuery>

/** Record of a flow. Times are ISO 8601 in UTC. */
export const FlowView = strict({
  /** In the order in which flows became known, from 1. */
  number: Count,
  protocol: Type.Enum(['tcp', 'udp']),
  client: Text,
  /** Address and port in the fabric. */
  vip: Text,
  /** Name of the VIP. */
  service: nullable(Text),
  firstAt: Text,
  lastAt: Text,
  /** null: it has not ended. */
  endedAt: nullable(Text),
  bytesFromClient: Count,
  bytesToClient: Count,
  /** LB that it was established with; null: there was no route. */
  lb: nullable(Text),
  /** Next hops over time, the first one included; `cause` is the event that changed the route. */
  nextHops: list(strict({ at: Text, lb: nullable(Text), cause: nullable(Count) })),
  /** Source towards the backend; null: its LB has not reported it. */
  snat: nullable(Text),
  backend: nullable(Text),
  outcome: OutcomeName,
  /** Cause of a refusal by an LB, as its drop counters name it. */
  reason: nullable(Text),
  /** Event that led to the outcome: the change of the route. */
  cause: nullable(Count),
})
export type FlowView = Value<typeof FlowView>

export const FlowList = strict({
  /** Flows recorded since the start. */
  recorded: Count,
  /** Flows of the selection per outcome, among those that are kept. */
  outcomes: OutcomeCounts,
  /** Flows of the selection: the sum of `outcomes`. */
  matching: Count,
  /** Flows that are kept: those without an end, and the last ones that have ended. */
  kept: Count,
  /** Records that were lost, because a queue was full. */
  lost: Count,
  /** The newest flows of the selection. */
  flows: list(FlowView),
  /** `before` of the next request; null: these are the last ones. */
  next: nullable(Count),
})
export type FlowList = Value<typeof FlowList>
