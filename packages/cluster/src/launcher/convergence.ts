import type { ClusterPlan } from '../plan/plan.js'
import type { ClusterView } from './cluster-view.js'
import { type UntilOptions, until } from './until.js'

/** Longest wait for convergence, ms: longer than each hold time in use. */
const CONVERGED_MAX_MS = 120_000

export interface ConvergenceSources {
  readonly plan: Pick<ClusterPlan, 'vips'>
  readonly view: ClusterView
  /** True if an LB's process runs and no fault keeps its routes away. */
  readonly canCarry: (lb: string) => boolean
}

/**
 * True if the uplink switch forwards each VIP to exactly the LBs that can carry it: those that run,
 * that no fault keeps away, and that do not inhibit it. While an LB that can't carry a VIP still
 * has its route, flows are lost, so the cluster has not converged.
 */
export function isConverged({ plan, view, canCarry }: ConvergenceSources): boolean {
  return plan.vips.every(({ address, lbs }) => {
    const routed = view.lbsVia(address)
    const isExpected = (lb: string): boolean => canCarry(lb) && view.inhibitorsOf(lb, address)?.length === 0
    return routed.every((lb) => isExpected(lb)) && lbs.every((lb) => !isExpected(lb) || routed.includes(lb))
  })
}

/**
 * Waits until the cluster has converged. Rejects with the signal's reason when it is aborted, and
 * with an error after two minutes.
 */
export async function untilConverged(
  sources: ConvergenceSources,
  options: Pick<UntilOptions, 'signal' | 'after'>,
): Promise<void> {
  if (!(await until(sources.view, () => isConverged(sources), { ...options, timeoutMs: CONVERGED_MAX_MS })))
    throw new Error(`routes have not converged after ${CONVERGED_MAX_MS / 1000} s`)
}
