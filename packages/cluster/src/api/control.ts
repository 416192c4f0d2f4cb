import type {
  BackendDrainState,
  ClusterStatus,
  Explanation,
  LbDrainState,
  LbSessions,
  LbVips,
  VipSettings,
  VipSettingsChange,
} from './status.js'

// What the API asks of the cluster, one interface per concept. Each method may reject with an ApiError.

export interface StatusControl {
  status(): Promise<ClusterStatus>
  explain(client: string, vip: string, protocol: 'tcp' | 'udp'): Promise<Explanation>
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

/** Everything that can be asked of a cluster. */
export interface ClusterControl {
  readonly status: StatusControl
  readonly vips: VipsControl
  readonly drains: DrainsControl
}
