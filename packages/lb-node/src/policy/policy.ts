/** A flow as a policy sees it. VIP and protocol are the same for all flows of a service. */
export interface PolicyFlow {
  readonly clientAddress: number
  readonly clientPort: number
}

/** A backend as a policy sees it at this moment. */
export interface PolicyBackend {
  /** Backend endpoint: its identity, for policies that hash it. */
  readonly address: number
  readonly port: number
  /** True while new flows may go there (health, drain). Never with weight 0. */
  readonly eligible: boolean
  /** Relative share of new flows, 0 to 65,535. */
  readonly weight: number
  /** Number of sessions that it has through this LB. */
  readonly sessions: number
}

/** The whole input of a policy, besides the flow. */
export interface PolicySnapshot {
  /** In the order of the configuration. */
  readonly backends: readonly PolicyBackend[]
  /**
   * Changes with backends, weights and eligibility; a policy may keep what it has computed for a
   * version.
   */
  readonly version: number
  /** Number of this flow: one more than that of the flow before. The first number is arbitrary. */
  readonly flowNumber: number
}

/** Selection of a backend for a new flow. Pure: the same flow and snapshot have the same result. */
export interface BackendPolicy {
  /** Name in configurations. */
  readonly name: string
  /**
   * True if the order of the list matters: a flow that its backend does not accept goes to the next
   * eligible one. By default such flows are spread over all others.
   */
  readonly usesOrder?: true
  /** @returns the index of an eligible backend, or -1 if none is */
  pick(flow: PolicyFlow, snapshot: PolicySnapshot): number
}

/** Properties of a policy that the conformance suite verifies, and configuration checks rely on. */
export interface PolicyTraits {
  /**
   * True if shares of new flows follow the weights. Weight 0 means no new flows with every policy.
   */
  readonly usesWeights: boolean
  /**
   * True if a client endpoint has the same backend again while the eligible backends are the same.
   */
  readonly isSticky: boolean
  /** True if every eligible backend gets flows; false if there are backups without flows. */
  readonly spreads: boolean
}
