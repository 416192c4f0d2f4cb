import type { FlowKey, FlowShift, RouteExplanation } from '../contract.js'
import type { FibChange } from '../control-plane/route-table.js'
import type { DataPlaneStatus, ListenFailureStatus } from '../status.js'
import type { Fib } from './fib/fib.js'

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
  explain(flow: FlowKey): Promise<RouteExplanation | null>
  /** Destinations of the edge's flows if these ports were gone. Changes nothing. */
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
