import type { Behavior } from '@fivetuple/backend'
import type { ClearedFaults, FaultList, FaultReport, LinkSides, RollingStep } from './faults.js'
import type {
  BackendDrainState,
  ClusterStatus,
  Explanation,
  LbDrainState,
  LbSessions,
  LbVips,
  Prediction,
  VipSettings,
  VipSettingsChange,
} from './status.js'

// What the API asks of the cluster, one interface per concept. Each method may reject with an ApiError.

export interface StatusControl {
  status(): Promise<ClusterStatus>
  explain(client: string, vip: string, protocol: 'tcp' | 'udp' | undefined): Promise<Explanation>
  /** What would become of flows that stand now if these LBs were gone. Changes nothing. */
  predict(without: readonly string[]): Promise<Prediction>
  /** Sessions of an LB or of all ('all'), of one VIP or of all; at most `limit` by LB. */
  sessions(lb: string, vip: string | undefined, limit: number): Promise<readonly LbSessions[]>
}

export interface VipsControl {
  /** The VIPs on the interfaces of an LB or of all. */
  vips(lb: string): Promise<readonly LbVips[]>
  /** Puts a VIP on the interface of an LB, or of all LBs ('all'), or takes it off. */
  setVip(lb: string, vip: string, present: boolean): Promise<readonly LbVips[]>
  /** Changes how a VIP's new flows are balanced, on all LBs. */
  changeVip(vip: string, change: VipSettingsChange): Promise<VipSettings>
}

export interface DrainsControl {
  lbDrain(lb: string): Promise<LbDrainState>
  /** Keeps new flows from an LB, or lets them come again. */
  drainLb(lb: string, draining: boolean): Promise<LbDrainState>
  backendDrain(backend: string): Promise<BackendDrainState>
  /** Keeps new flows of all VIPs from a backend, or lets them go there again. */
  drainBackend(backend: string, draining: boolean): Promise<BackendDrainState>
}

export interface FaultsControl {
  /** SIGKILL. @param keepStopped keep it down until it is started; else it is started again after its back-off */
  kill(role: string, keepStopped: boolean): Promise<FaultReport>
  /** SIGSTOP. */
  pause(role: string): Promise<FaultReport>
  /** SIGCONT. */
  resume(role: string): Promise<FaultReport>
  /** Starts what is down; resolves when it is ready and its routes are there. */
  start(role: string): Promise<FaultReport>
  /** Stops a role in order and starts it again; resolves when it is ready and its routes are back. */
  restart(role: string): Promise<FaultReport>
  /** Takes links of an LB down: no carrier, and its redials are refused. */
  takeLinksDown(lb: string, sides: LinkSides): Promise<FaultReport>
  /** Brings links up; resolves when the LB's routes are back, unless it has a reason to stay away. */
  bringLinksUp(lb: string, sides: LinkSides): Promise<FaultReport>
  /** Changes how one of our backends behaves; what `change` leaves out stays as it is. */
  setBehavior(backend: string, change: Partial<Behavior>): Promise<FaultReport>
  /** Restores the normal behavior of a backend. */
  restoreBehavior(backend: string): Promise<FaultReport>
  /** All that is broken on purpose now. */
  faults(): Promise<FaultList>
  /** Undoes all of it; resolves when routes are back. What can't be undone is told. */
  clearFaults(): Promise<ClearedFaults>
  /**
   * Restarts all LBs, one after the other; ends after the step 'failed', and between two steps when nobody reads on.
   * @param drainMaxMs how long each is drained before, at most; 0: not at all
   */
  rollingRestart(drainMaxMs: number): AsyncIterable<RollingStep>
}

/** Everything that can be asked of a cluster. */
export interface ClusterControl {
  readonly status: StatusControl
  readonly vips: VipsControl
  readonly drains: DrainsControl
  readonly faults: FaultsControl
}
