import type { StreamedEvent } from '../launcher/events/event.js'
import type { EventSelection } from '../launcher/events/read-events.js'
import type { Author } from '../launcher/faults/author.js'
import type { Injection } from '../launcher/faults/fault-record.js'
import type { InjectableFault, MomentaryFault } from '../launcher/faults/registry.js'
import type { BackendDrain, LbDrain } from './drain-schemas.js'
import type { EvennessRequest } from './evenness-parameters.js'
import type { Evenness } from './evenness-schemas.js'
import type { FaultReport } from './fault-report-schema.js'
import type { ClearedFaults, FaultList } from './fault-schemas.js'
import type { FlowList, FlowQuery } from './flow-schemas.js'
import type { Outcome } from './outcome.js'
import type { PredictedChange, PredictParameters } from './predict-parameters.js'
import type { EventPrediction, Prediction } from './prediction-schemas.js'
import type { RollingProgress, RollingResult } from './rolling-schemas.js'
import type { ClusterStatus, Explanation, LbSessions } from './status-schemas.js'
import type { LbVips, VipSettings, VipSettingsChange } from './vip-schemas.js'

// Interfaces of the launcher for operations, one per concept. Each method may reject with an
// ApiError.

export interface StatusControl {
  status(): Promise<ClusterStatus>
  explain(client: string, vip: string, protocol: 'tcp' | 'udp' | undefined): Promise<Explanation>
  /** LBs of many flows that begin now, and the evenness of their shares. */
  evenness(request: EvennessRequest): Promise<Evenness>
  /** Sessions of an LB or of all ('all'), of one VIP or of all; at most `limit` per LB. */
  sessions(lb: string, vip: string | undefined, limit: number): Promise<readonly LbSessions[]>
}

export interface OracleControl {
  /**
   * Outcomes of the established flows after a change. Changes nothing.
   * @param selection as if the cluster had always run it; 'all': each; undefined: the running one
   */
  predict(change: PredictedChange, selection: PredictParameters['selection']): Promise<Prediction>
  /** Predictions and measurements of the latest events, the newest first. */
  predictions(limit: number): Promise<readonly EventPrediction[]>
}

export interface VipsControl {
  /** The VIPs on the interfaces of an LB or of all. */
  vips(lb: string): Promise<readonly LbVips[]>
  /** Puts a VIP on the interface of an LB, or of all LBs ('all'), or takes it off. */
  setVip(lb: string, vip: string, present: boolean): Promise<readonly LbVips[]>
  /** Changes how new flows of a VIP are balanced, on all LBs. */
  changeVip(vip: string, change: VipSettingsChange): Promise<VipSettings>
}

export interface DrainsControl {
  lbDrain(lb: string): Promise<LbDrain>
  /** Keeps new flows from an LB, or ends that. */
  drainLb(lb: string, draining: boolean): Promise<LbDrain>
  backendDrain(backend: string): Promise<BackendDrain>
  /** Keeps new flows of all VIPs from a backend, or ends that. */
  drainBackend(backend: string, draining: boolean): Promise<BackendDrain>
}

export interface RolesControl {
  /**
   * Stops a role in order and starts it again; resolves when it is ready and its routes are back.
   */
  restart(role: string): Promise<FaultReport>
  /**
   * Restarts all LBs, one after the other. It ends between two steps when its generator is
   * returned.
   * @param drainMaxMs longest drain of each LB before its restart; 0: no drain
   */
  rollingRestart(drainMaxMs: number): AsyncGenerator<RollingProgress, RollingResult, undefined>
}

/** Faults of all kinds; those that are injected or cleared together are of one kind and role. */
export interface FaultsControl {
  inject<F extends InjectableFault>(faults: readonly [F, ...F[]], how: Injection): Promise<FaultReport>
  /** Injects a fault that is over at once. */
  trigger<F extends MomentaryFault>(fault: F, by: Author): Promise<FaultReport>
  /** Clears faults by their fields; resolves when the routes that they kept away are back. */
  clear<F extends InjectableFault>(faults: readonly [F, ...F[]], by: Author): Promise<FaultReport>
  /** Faults that are injected now. */
  list(): Promise<FaultList>
  /** Clears one fault; resolves when routes are back. */
  clearOne(id: string, by: Author): Promise<ClearedFaults>
  /** Clears all faults; resolves when routes are back. What can't be cleared is reported. */
  clearAll(by: Author): Promise<ClearedFaults>
}

/** Records of the flows of clients. */
export interface FlowsControl {
  list(query: FlowQuery): Promise<FlowList>
}

/** Operation as it is requested. */
export interface RequestedOperation {
  readonly name: string
  readonly author: Author
  readonly parameters: Readonly<Record<string, unknown>>
}

/** Log of the cluster's events. */
export interface EventsControl {
  /** Reads the log; see `readEvents`. */
  read(selection: EventSelection, follow: boolean, signal: AbortSignal): AsyncGenerator<StreamedEvent, void, undefined>
  /** Place behind which the events of the last `ms` begin. */
  placeBefore(ms: number): number
  /** Places of the events that are kept. */
  readonly log: { readonly first: number; readonly last: number }
  /** Records an operation, and runs it: what it does has this cause. */
  operate<R, G>(operation: RequestedOperation, run: () => Outcome<R, G>): Outcome<R, G>
}

/** Interfaces of the launcher for operations. */
export interface ClusterControl {
  readonly events: EventsControl
  /** Author of the request, for which an operation uses this. */
  readonly author: Author
  readonly status: StatusControl
  readonly oracle: OracleControl
  readonly vips: VipsControl
  readonly drains: DrainsControl
  readonly roles: RolesControl
  readonly faults: FaultsControl
  readonly flows: FlowsControl
}
