/** What a policy may know of a flow. */
export interface PolicyFlow {
  readonly clientAddress: number
  readonly clientPort: number
}

/** What a policy may know of a backend at this moment. */
export interface PolicyBackend {
  /** Whether new flows may go there (health, drain). */
  readonly eligible: boolean
  /** Relative share of new flows, 0 to 65,535. */
  readonly weight: number
  /** Sessions it holds by this LB. */
  readonly sessions: number
}

/** Everything a policy decides by. */
export interface PolicySnapshot {
  readonly backends: readonly PolicyBackend[]
  /** How many flows the service has been given before this one. */
  readonly flowNumber: number
}

/** Chooses a backend for a new flow. Pure: the same flow and snapshot give the same answer. */
export interface BackendPolicy {
  /** As configurations name it. */
  readonly name: string
  /** @returns the index of an eligible backend, or -1 when none is */
  pick(flow: PolicyFlow, snapshot: PolicySnapshot): number
}
