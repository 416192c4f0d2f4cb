/** Topologies: ways in which several LBs share the work of one VIP (claim C14). */
export const TOPOLOGIES = ['active-active', 'active-standby'] as const
export type Topology = (typeof TOPOLOGIES)[number]

/** Size of both clusters. */
export interface ClusterSize {
  readonly lbs: number
  readonly backends: number
  /** Capacity of each LB: beyond it new flows are dropped. */
  readonly newFlowsPerSecond: number
}

/** Returns a cluster's configuration. Two of the same size differ in one line. */
export function clusterYaml(topology: Topology, { lbs, backends, newFlowsPerSecond }: ClusterSize): string {
  return `block: auto
lbs: ${lbs}
backends: ${backends}
redundancy: ${topology}
capacity:
  newFlowsPerSecond: ${newFlowsPerSecond}
`
}
