import type { Happening, Message, RecordBatch } from '@fivetuple/runtime'
import { HAPPENING_KINDS, happeningSchemas } from '@fivetuple/runtime/happenings'
import { Count, Flag, NoParams, Nothing, nullable, strict } from '@fivetuple/runtime/schemas'
import Type from 'typebox'
import {
  FlowKey,
  FlowShift,
  FlowsKept,
  KeptFlows,
  NewFlowLbs,
  NewFlows,
  PortCarrier,
  PortChange,
  PredictRequest,
  RouteExplanation,
} from '../contract.js'
import type { FibUpdate } from '../data-plane/fib/fib-update.js'
import { CardStatus, ListenFailureStatus } from '../status.js'

/** A route table; its typed arrays are checked by the card that decodes it. */
const Table = Type.Unsafe<FibUpdate>(Type.Object({ base: nullable(Count), version: Count }))

/** Start of forwarding on a line card. */
export type CardStart = Message<typeof CardStart>
export const CardStart = strict({
  fib: Table,
  /** Ports that are administratively down. */
  adminDown: Type.Array(Count),
  /** Ports whose member links are up on other cards. */
  awaited: Type.Array(Count),
})

/** A member link has come up or gone down. */
export type MemberLinkEvent = Message<typeof MemberLinkEvent>
export const MemberLinkEvent = strict({ port: Count, up: Flag })

/** Happening on a line card, which the switch reports as its own. */
export type CardHappening = Message<typeof CardHappening>
export const CardHappening = strict({
  happening: Type.Unsafe<Happening>(Type.Union(happeningSchemas(HAPPENING_KINDS, {}))),
  /** Local id of its cause at the switch; 0: none. */
  cause: Count,
})

/** Flow records as they are passed on to the launcher. */
const Records = Type.Unsafe<RecordBatch>(Type.Object({ rows: Type.Array(Type.Unknown()) }))

/** Messages between a switch and one of its line cards. */
export type LineCardContract = typeof lineCardContract
export const lineCardContract = {
  file: 'packages/switch/src/line-cards/contract.ts',
  methods: {
    /** Starts forwarding; the response is sent when the card accepts clients. */
    open: { params: CardStart, result: Nothing },
    /** Changes the route table; the response is sent when packets are decided by the new one. */
    setFib: { params: strict({ table: Table, cause: Count }), result: Nothing },
    setPort: { params: PortChange, result: PortCarrier },
    explain: { params: FlowKey, result: nullable(RouteExplanation) },
    lbsOfNewFlows: { params: NewFlows, result: NewFlowLbs },
    /** Effect of a change on the card's flows, per selection. Changes nothing. */
    predict: { params: PredictRequest, result: Type.Array(Type.Array(FlowShift)) },
    /** Keeps the card's flows of this moment. */
    keepFlows: { params: KeptFlows, result: FlowsKept },
    /** Next hops of kept flows then and now; null: they are not kept. */
    measureFlows: { params: KeptFlows, result: nullable(Type.Array(FlowShift)) },
    status: { params: NoParams, result: CardStatus },
    /**
     * Sends the flow records that wait, and those of live flows. The last batch has this number.
     */
    flushRecords: { params: strict({ number: Count }), result: Nothing },
    /** Ends all flows; their last packets are still sent. */
    closeEdge: { params: NoParams, result: Nothing },
  },
  events: {
    happened: CardHappening,
    /** Flow records. */
    records: Records,
    memberLink: MemberLinkEvent,
    listenFailures: Type.Array(ListenFailureStatus),
  },
} as const
