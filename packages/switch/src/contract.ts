import { FLOW_HASHES } from '@fivetuple/packet'
import type { Message } from '@fivetuple/runtime'
import { HappeningBatch } from '@fivetuple/runtime/happenings'
import { Count, Flag, keyOf, mapOf, NoParams, Nothing, nullable, oneOf, strict, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'
import { ECMP_SELECTIONS } from './data-plane/ecmp/registry.js'
import { ListenFailureStatus, SwitchStatus } from './status.js'

export { BgpSessionStatus, ListenFailureStatus, SwitchStatus } from './status.js'

/** Name of a selection of next hops. */
export const EcmpSelectionNameSchema = keyOf(ECMP_SELECTIONS)
/** Name of a flow hash. */
export const FlowHashNameSchema = keyOf(FLOW_HASHES)

const Endpoint = strict({
  /** Unsigned 32-bit number. */
  address: Count,
  port: Count,
})

/** A flow by its endpoints, as the client sees them. */
export type FlowKey = Message<typeof FlowKey>
export const FlowKey = strict({ client: Endpoint, vip: Endpoint, protocol: oneOf(['tcp', 'udp']) })

/** Flows to one service that begin now. */
export type NewFlows = Message<typeof NewFlows>
export const NewFlows = strict({
  vip: Endpoint,
  protocol: oneOf(['tcp', 'udp']),
  /** Address and port of the first client, of the second one, and so on. */
  clients: Type.Array(Count),
})

/** LBs of flows that begin now. */
export type NewFlowLbs = Message<typeof NewFlowLbs>
export const NewFlowLbs = strict({
  /** LBs that new flows of the service may take. */
  lbs: Type.Array(Text),
  /** Index in `lbs` per flow; the number of `lbs`: there is no route. */
  chosen: Type.Array(Count),
})

/** Decision for one flow, in names. */
export type RouteExplanation = Message<typeof RouteExplanation>
export const RouteExplanation = Type.Object({
  /** CIDR */
  prefix: Text,
  cost: Count,
  hash: strict({ name: FlowHashNameSchema, seed: Count, value: Count }),
  selection: EcmpSelectionNameSchema,
  /** Number of equal-cost next hops, the M of HASH % M. */
  m: Count,
  /** Index of the selected one, from 0. */
  index: Count,
  /** Derivation of the index, for people. */
  reason: Text,
  port: Count,
  /** LB to which packets of this flow go now. */
  lb: Text,
  /** Present if the hash points to an LB that drains, or did when this flow began. */
  drain: Type.Optional(
    strict({
      /** LB of a new flow of this five-tuple. */
      newFlowsTo: Text,
      /** LB to which this flow was diverted when it began; null: it was not diverted. */
      divertedTo: nullable(Text),
    }),
  ),
})

/** Change of the next hops of one VIP, by the ids of their ports. */
const NextHopChange = strict({
  /** Its address, an unsigned 32-bit number. */
  vip: Count,
  gone: Type.Array(Count),
  /** Next hops that join or return; an id without a port stands for an LB that does not exist. */
  added: Type.Array(Count),
  drained: Type.Array(Count),
  undrained: Type.Array(Count),
})

/** Change whose effect on flows is predicted. */
export type PredictRequest = Message<typeof PredictRequest>
export const PredictRequest = strict({
  /** Selections for which it is predicted, as if the switch had always run them. */
  selections: Type.Array(EcmpSelectionNameSchema),
  /** An entry for each VIP of interest. */
  nextHops: Type.Array(NextHopChange),
  /** Selection, hash and seed after the change; null: the same as before. */
  selection: nullable(EcmpSelectionNameSchema),
  hash: nullable(FlowHashNameSchema),
  seed: nullable(Count),
  /** Id of flows that are kept; null: those that are established now. */
  kept: nullable(Count),
  /** Made-up flows to these services if no flow is established; null: none. */
  sample: nullable(
    strict({ pool: strict({ address: Count, length: Count }), flows: Count, services: Type.Array(Endpoint) }),
  ),
})

/** Number of TCP flows of one service that a change moves from one next hop to one other. */
export type FlowShift = Message<typeof FlowShift>
export const FlowShift = strict({
  /** Address and port to which their clients have connected, in the fabric. */
  vip: Endpoint,
  /** Port of the next hop before. */
  from: Count,
  /** Port of the next hop after; null: there is no route. */
  to: nullable(Count),
  /** At least 1. */
  flows: Count,
})

/** Prediction for one selection. */
export type PredictResult = Message<typeof PredictResult>
export const PredictResult = strict({
  selection: EcmpSelectionNameSchema,
  /** By the route table, over established flows. */
  shifts: Type.Array(FlowShift),
  /** By the route table, over made-up flows. */
  sampled: Type.Array(FlowShift),
  /** By the closed formula, per VIP with a route: shares of all flows, 0 to 1, per next hop. */
  expected: Type.Array(
    strict({
      vip: Count,
      nextHops: Type.Array(strict({ port: Count, share: Type.Number(), kept: Type.Number() })),
    }),
  ),
})

/** Id that the launcher chooses for the flows of one moment. */
export const KeptFlows = strict({ id: Count })

/** Flows that have been kept. */
export type FlowsKept = Message<typeof FlowsKept>
export const FlowsKept = strict({
  flows: Count,
  /** Time of their moment by the clock of the machine, ms. */
  at: Type.Number(),
})

export const PortChange = strict({ id: Count, adminDown: Flag })
export const PortCarrier = strict({
  /** True if it has carrier now. */
  up: Flag,
})

/** Prefixes whose LBs, or whose draining LBs, have changed. */
export type ForwardedReport = Message<typeof ForwardedReport>
export const ForwardedReport = strict({
  /** True for the first report of a process: prefixes that are not in it are not forwarded. */
  isFirst: Flag,
  /** Names of the LBs per prefix, CIDR; none: it is not forwarded any more. */
  forwardedBy: mapOf(Type.Array(Text)),
  /** Names of those LBs that request no new flows, per prefix. */
  draining: mapOf(Type.Array(Text)),
})

/** Messages between the launcher and a switch. */
export type SwitchContract = typeof switchContract
export const switchContract = {
  file: 'packages/switch/src/contract.ts',
  methods: {
    status: { params: NoParams, result: SwitchStatus },
    /** Ends the BGP session of a neighbour by Cease, Administrative Reset. */
    resetBgp: { params: strict({ neighbor: Text }), result: strict({ wasEstablished: Flag }) },
    /** Sets a port administratively down or up. */
    setPort: { params: PortChange, result: PortCarrier },
    /** The decision for one flow; null: there is no route to an LB. */
    explain: { params: FlowKey, result: nullable(RouteExplanation) },
    /** LBs that many flows would take if they began now. */
    lbsOfNewFlows: { params: NewFlows, result: NewFlowLbs },
    /** Predicts the next hops of the edge's flows after a change. Changes nothing. */
    predict: { params: PredictRequest, result: Type.Array(PredictResult) },
    /**
     * Keeps the edge's flows of this moment and their next hops, for a prediction and a
     * measurement. Of more than eight the oldest are deleted.
     */
    keepFlows: { params: KeptFlows, result: FlowsKept },
    /**
     * Returns the next hops of kept flows then and now, and deletes them; null: they are not kept
     * any more.
     */
    measureFlows: { params: KeptFlows, result: nullable(Type.Array(FlowShift)) },
    /**
     * Sends the flow records that wait, and those of live flows. The last batch has this number.
     */
    flushRecords: { params: strict({ number: Count }), result: Nothing },
  },
  events: {
    happenings: HappeningBatch,
    routes: ForwardedReport,
    /** All services that the client edge can't listen for. */
    listenFailures: Type.Array(ListenFailureStatus),
  },
} as const
