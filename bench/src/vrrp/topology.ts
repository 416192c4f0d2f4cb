/** How several LBs share the work of one VIP (claim C14). */
export const TOPOLOGIES = ['active-active', 'active-standby'] as const
export type Topology = (typeof TOPOLOGIES)[number]

/** What both clusters have in common. */
export interface ClusterSize {
  readonly lbs: number
  readonly backends: number
  /** What each LB can carry: beyond it new flows are lost. */
  readonly newFlowsPerSecond: number
}

/** A cluster's configuration; two of the same size differ in one line. */
export function clusterYaml(topology: Topology, { lbs, backends, newFlowsPerSecond }: ClusterSize): string {
  return `block: auto
lbs: ${lbs}
backends: ${backends}
redundancy: ${topology}
capacity:
  newFlowsPerSecond: ${newFlowsPerSecond}
`
}
