/**
 * One LB at a time carries a VIP, chosen by VRRP: the arrangement that the cluster is compared with
 * (claim C14).
 */
export interface RedundancyConfig {
  readonly kind: 'active-standby'
  /** UDP port of advertisements, on each LB's router address. */
  readonly port: number
  /** The other LBs, by their router addresses: nobody else is heard. */
  readonly peers: readonly RedundancyPeer[]
  /**
   * 1 to 254; of those that can carry a VIP, the LB with the highest does, at equal ones that with
   * the highest address.
   */
  readonly priority: number
  /** 10 to 40,950 in steps of 10; a silent death is noticed after three to four of them. */
  readonly adverIntervalMs: number
  /** True if this LB takes VIPs back from a working one of lower priority. */
  readonly preempt: boolean
  /** Every VIP that may come to this LB, with the number under which its election is held. */
  readonly vips: readonly RedundancyVip[]
}

export interface RedundancyPeer {
  readonly name: string
  /** Dotted quad. */
  readonly address: string
}

export interface RedundancyVip {
  /** 1 to 255, the same on all LBs, and another one for each address. */
  readonly vrid: number
  /** Dotted quad. */
  readonly address: string
}
