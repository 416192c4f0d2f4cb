/** What a policy may know of a flow. VIP and protocol are the same for all flows of a service. */
export interface PolicyFlow {
  readonly clientAddress: number
  readonly clientPort: number
}

/** What a policy may know of a backend at this moment. */
export interface PolicyBackend {
  /** Backend endpoint: its identity, for policies that hash it. */
  readonly address: number
  readonly port: number
  /** Whether new flows may go there (health, drain). Never with weight 0. */
  readonly eligible: boolean
  /** Relative share of new flows, 0 to 65,535. */
  readonly weight: number
  /** Sessions it holds by this LB. */
  readonly sessions: number
}

/** Everything a policy decides by. */
export interface PolicySnapshot {
  readonly backends: readonly PolicyBackend[]
  /** Another one whenever backends, weights or eligibility are; a policy may keep what it has computed from them by it. */
  readonly version: number
  /** Number of this flow: one more than that of the flow before; it starts anywhere. */
  readonly flowNumber: number
}

/** Chooses a backend for a new flow. Pure: the same flow and snapshot give the same answer. */
export interface BackendPolicy {
  /** As configurations name it. */
  readonly name: string
  /** @returns the index of an eligible backend, or -1 when none is */
  pick(flow: PolicyFlow, snapshot: PolicySnapshot): number
}
