import { FLOW_HASHES } from '@fivetuple/packet'
import type { Message } from '@fivetuple/runtime'
import { HappeningBatch } from '@fivetuple/runtime/happenings'
import { Count, Flag, keyOf, mapOf, NoParams, nullable, oneOf, strict, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'
import { ECMP_SELECTIONS } from './data-plane/ecmp/registry.js'
import { ListenFailureStatus, SwitchStatus } from './status.js'

export { BgpSessionStatus, ListenFailureStatus, SwitchStatus } from './status.js'

const Endpoint = strict({
  /** Unsigned 32-bit number. */
  address: Count,
  port: Count,
})

/** A flow by its endpoints, as the client sees them. */
export type FlowKey = Message<typeof FlowKey>
export const FlowKey = strict({ client: Endpoint, vip: Endpoint, protocol: oneOf(['tcp', 'udp']) })

/** Decision for one flow, in names. */
export type RouteExplanation = Message<typeof RouteExplanation>
export const RouteExplanation = Type.Object({
  /** CIDR */
  prefix: Text,
  cost: Count,
  hash: strict({ name: keyOf(FLOW_HASHES), seed: Count, value: Count }),
  selection: keyOf(ECMP_SELECTIONS),
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

/**
 * Number of established TCP flows of one service and LB that would go to one LB if some LBs were
 * gone.
 */
export type FlowShift = Message<typeof FlowShift>
export const FlowShift = strict({
  /** Address and port to which their clients have connected, in the fabric. */
  vip: Endpoint,
  /** LB that carries them. */
  from: Text,
  /** LB that would get their packets; null: there would be no route. */
  to: nullable(Text),
  /** At least 1. */
  flows: Count,
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
    /** Sets a port administratively down or up. */
    setPort: { params: PortChange, result: PortCarrier },
    /** The decision for one flow; null: there is no route to an LB. */
    explain: { params: FlowKey, result: nullable(RouteExplanation) },
    /**
     * Returns the destinations of the edge's flows if these neighbours were gone. Changes nothing.
     */
    predict: { params: strict({ without: Type.Array(Text) }), result: Type.Array(FlowShift) },
  },
  events: {
    happenings: HappeningBatch,
    routes: ForwardedReport,
    /** All services that the client edge can't listen for. */
    listenFailures: Type.Array(ListenFailureStatus),
  },
} as const
