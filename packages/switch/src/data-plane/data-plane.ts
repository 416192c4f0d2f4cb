import type { Endpoint } from '@fivetuple/packet'
import type { FibChange } from '../control-plane/route-table.js'
import type { DataPlaneStatus, ListenFailureStatus } from '../status.js'
import type { Fib } from './fib/fib.js'

/** Flow to explain. */
export interface FlowQuestion {
  readonly client: Endpoint
  readonly vip: Endpoint
  readonly protocol: 'tcp' | 'udp'
}

/** Reason why a flow takes its LB, in names. */
export interface RouteExplanation {
  /** CIDR */
  readonly prefix: string
  readonly cost: number
  readonly hash: { readonly name: string; readonly seed: number; readonly value: number }
  readonly selection: string
  /** Number of equal-cost next hops, the M of HASH % M. */
  readonly m: number
  /** Index of the chosen one, from 0. */
  readonly index: number
  /** The selection's calculation, for people. */
  readonly reason: string
  readonly port: number
  /** The LB that packets of this flow go to now. */
  readonly lb: string
  /** Set when the hash points to an LB that drains, or did when this flow began. */
  readonly drain?:
    | {
        /** The LB that a flow of this tuple gets that begins now. */
        readonly newFlowsTo: string
        /** The LB that this very flow was given when it began; null: it is none of those. */
        readonly divertedTo: string | null
      }
    | undefined
}

/**
 * Of TCP flows that stand now: how many of one service that one LB has would be whose if some LBs
 * were gone.
 */
export interface FlowShift {
  /** Address and port that their clients have dialled, in the fabric. */
  readonly vip: Endpoint
  /** The LB that has them. */
  readonly from: string
  /** The LB that would get their packets; null: there would be no route. */
  readonly to: string | null
  /** Number of flows, at least 1. */
  readonly flows: number
}

/**
 * The part of a switch that carries packets, as its control plane sees it: cables, edge and
 * forwarder. `LocalDataPlane` is one in this process, `LineCards` one in several processes.
 */
export interface DataPlane {
  /**
   * Forwards by this table from now on, and takes cables; rejects when an address can't be bound.
   */
  start(fib: Fib): Promise<void>
  /**
   * Swaps in the next table; resolves when every packet is decided by it and the edge listens
   * accordingly.
   */
  setRoutes(change: FibChange): Promise<void>
  /**
   * Takes a port down, or lets cables come up there again.
   * @returns whether it has a carrier now
   */
  setPort(id: number, adminDown: boolean): Promise<{ up: boolean }>
  /** The decision for one five-tuple as the route table stands; null without a route to an LB. */
  explain(question: FlowQuestion): Promise<RouteExplanation | null>
  /**
   * Predicts the LB of each flow of the edge as if these ports were gone. Changes nothing.
   */
  predict(gone: readonly number[]): Promise<readonly FlowShift[]>
  status(): Promise<DataPlaneStatus>
  /** Ends all flows; their last packets still leave. */
  closeEdge(): Promise<void>
  /** Unplugs the cables and frees everything. */
  close(): Promise<void>
}

/** Events of a data plane, for the control plane. */
export interface DataPlaneEvents {
  /** A port has got its carrier or lost it. */
  readonly onCarrier: (port: number, up: boolean) => void
  /** The services that the client edge can't listen for have changed. */
  readonly onListenFailures: (failures: readonly ListenFailureStatus[]) => void
}
