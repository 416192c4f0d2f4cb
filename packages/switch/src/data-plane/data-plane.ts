import type { OnHappened } from '@fivetuple/runtime'
import type {
  FlowKey,
  FlowShift,
  FlowsKept,
  NewFlowLbs,
  NewFlows,
  PredictRequest,
  RouteExplanation,
} from '../contract.js'
import type { FibChange } from '../control-plane/route-table.js'
import type { DataPlaneStatus, ListenFailureStatus } from '../status.js'
import type { Fib } from './fib/fib.js'

/**
 * The part of a switch that carries packets, as its control plane sees it: cables, edge and
 * forwarder. `LocalDataPlane` is one in this process, `LineCards` one in several processes.
 */
export interface DataPlane {
  /** Starts to forward by this table and to accept cables; rejects if an address can't be bound. */
  start(fib: Fib): Promise<void>
  /**
   * Replaces the table; resolves when every packet is decided by the new one and the edge listens
   * accordingly.
   */
  setRoutes(change: FibChange): Promise<void>
  /**
   * Sets a port administratively down or up.
   * @returns true if it has carrier now
   */
  setPort(id: number, adminDown: boolean): Promise<{ up: boolean }>
  /**
   * Returns the decision for one five-tuple under the current route table; null without a route to
   * an LB.
   */
  explain(flow: FlowKey): Promise<RouteExplanation | null>
  /** Returns the LBs that flows would take if they began now, under the current route table. */
  lbsOfNewFlows(flows: NewFlows): Promise<NewFlowLbs>
  /** Returns the effect of a change on the edge's flows, per selection. Changes nothing. */
  predict(request: PredictRequest): Promise<readonly (readonly FlowShift[])[]>
  /** Keeps the edge's flows of this moment under an id; returns their number and the time. */
  keepFlows(id: number): Promise<FlowsKept>
  /**
   * Returns the next hops of kept flows then and now, and deletes them; null: they are not kept.
   */
  measureFlows(id: number): Promise<readonly FlowShift[] | null>
  status(): Promise<DataPlaneStatus>
  /** Sends the flow records that wait, and those of live flows. The last batch has this number. */
  flushRecords(number: number): Promise<void>
  /** Ends all flows; their last packets are still sent. */
  closeEdge(): Promise<void>
  /** Closes the cables and frees all resources. */
  close(): Promise<void>
}

/** Events of a data plane, for the control plane. */
export interface DataPlaneEvents {
  /** Called when a port has gained or lost carrier; a loss has a reason. */
  readonly onCarrier: (port: number, up: boolean, reason?: string) => void
  /**
   * Reports a happening of the data plane. Causes are local ids of the switch; a line card gets no
   * ids of its own happenings.
   */
  readonly onHappened: OnHappened
  /** Called when the services that the client edge can't listen for have changed. */
  readonly onListenFailures: (failures: readonly ListenFailureStatus[]) => void
}
