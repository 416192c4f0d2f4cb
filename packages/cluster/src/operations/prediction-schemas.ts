import { EcmpSelectionNameSchema, FlowHashNameSchema } from '@fivetuple/switch/contract'
import * as Type from 'typebox'
import { OutcomeCounts } from './flow-schemas.js'
import { Count, Flag, list, Ms, mapOf, nullable, strict, Text, type Value } from './schemas.js'

// Outcomes in the words of the lab: direct loss are the flows of LBs that go, collateral are flows
// of LBs that stay.

const outcomes = {
  /** Number of flows: the sum of the others. */
  flows: Count,
  /** Flows of the LBs that go: they end with their LB. */
  directLoss: Count,
  /** Flows of LBs that stay, which are broken by rehash or have no route. */
  collateral: Count,
  /** Flows that keep their LB. */
  unaffected: Count,
}

/** Shares of flows, 0 to 1. */
const Shares = strict({ directLoss: Type.Number(), collateral: Type.Number(), unaffected: Type.Number() })
export type Shares = Value<typeof Shares>

const LbOutcomes = strict({
  ...outcomes,
  /** Closed formula: shares of the LB's flows. */
  formula: nullable(Shares),
})
export type LbOutcomes = Value<typeof LbOutcomes>

/** Outcomes of the flows of one VIP by the route table, beside the closed formula. */
export const VipOutcomes = strict({
  vip: Text,
  /** `established`: the flows of this moment. `sample`: made-up flows, since there are none. */
  basis: Type.Enum(['established', 'sample']),
  ...outcomes,
  /** Closed formula for evenly spread flows: shares of all flows. */
  formula: nullable(Shares),
  /** Route table less formula, in percentage points of all flows. */
  differencePoints: nullable(Shares),
  /**
   * Two standard deviations of that difference if the hash spreads flows at random: 95 of 100
   * differences are smaller.
   */
  chancePoints: nullable(Shares),
  perLb: mapOf(LbOutcomes),
})
export type VipOutcomes = Value<typeof VipOutcomes>

const SelectionOutcomes = strict({
  selection: EcmpSelectionNameSchema,
  /** False: as if the uplink switch had always run this selection. */
  isRunning: Flag,
  /** In the order of the configuration; a VIP without a route is missing. */
  vips: list(VipOutcomes),
})
export type SelectionOutcomes = Value<typeof SelectionOutcomes>

/** Predicted outcomes of the TCP flows of this moment after a change. */
export const Prediction = strict({
  /** The change in words. */
  change: Text,
  hash: FlowHashNameSchema,
  seed: Count,
  selections: list(SelectionOutcomes),
  /** Restrictions of the prediction, in words. */
  notes: list(Text),
})
export type Prediction = Value<typeof Prediction>

/** Measured outcomes of the flows of one VIP, beside those that were predicted for them. */
const MeasuredVip = strict({
  vip: Text,
  ...outcomes,
  /** Measured less predicted by the route table, in percentage points of all flows. */
  differencePoints: Shares,
  perLb: mapOf(strict(outcomes)),
})
export type MeasuredVip = Value<typeof MeasuredVip>

/** Flows of one VIP by their records: next hops before and after an event, and outcomes. */
const RecordedVip = strict({
  vip: Text,
  ...outcomes,
  /** Flows of LBs that stay, which ended before the routes changed; part of `flows`. */
  endedBefore: Count,
  /** Outcomes until now of the flows of each class. */
  outcomes: strict({
    directLoss: OutcomeCounts,
    collateral: OutcomeCounts,
    unaffected: OutcomeCounts,
    endedBefore: OutcomeCounts,
  }),
})
export type RecordedVip = Value<typeof RecordedVip>

/** Prediction that was made when an event began, and the measurement after it. */
export const EventPrediction = strict({
  /** From 1, in the order of the events. */
  id: Count,
  /** Time of day at which the flows were copied, ISO 8601 in UTC, with milliseconds. */
  at: Text,
  /** The event in words, as in `lb-2 is kept stopped`. */
  event: Text,
  selection: EcmpSelectionNameSchema,
  hash: FlowHashNameSchema,
  seed: Count,
  /** Time for which the event waited until the flows were copied, ms. */
  delayedMs: Ms,
  /** Per VIP with established flows. */
  predicted: list(VipOutcomes),
  /**
   * `pending`: the route table has not changed yet. `measured`: it has. `unchanged`: it had not
   * when the wait ended; measured all the same. `failed`: nothing was measured.
   */
  state: Type.Enum(['pending', 'measured', 'unchanged', 'failed']),
  /** Reason of `unchanged` and `failed`. */
  reason: nullable(Text),
  /** Time from the copy of the flows to the change of the route table, ms. */
  afterMs: nullable(Ms),
  /** Next hops of the same flows by the route table after the event. */
  measured: list(MeasuredVip),
  /** The same by the records of the flows that are kept; null: flows are not recorded. */
  recorded: nullable(list(RecordedVip)),
})
export type EventPrediction = Value<typeof EventPrediction>

/** Predictions of the latest events, the newest first. */
export const EventPredictions = list(EventPrediction)
