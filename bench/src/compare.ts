import type { ClusterProcess } from './cluster-process.js'
import type { Scenario } from './scenarios.js'
import { runSegment, type Segment } from './segment.js'

/** Share of a segment that is added before it as warm-up: connections open and code is compiled. */
const WARM_UP_SHARE = 0.2
/** Unmeasured load before a scenario's first round on a target, whose code is still cold. */
const FIRST_WARM_UP_MS = 500

export interface CompareOptions {
  readonly rounds: number
  /** Length of the measured load in each segment, s. */
  readonly seconds: number
  readonly signal: AbortSignal
}

/** Results of the same load on one backend and on the VIP, round by round. */
export interface Comparison {
  readonly scenario: string
  readonly connections: number
  readonly direct: readonly Segment[]
  readonly through: readonly Segment[]
}

/**
 * Alternates direct and through, so that a disturbance of the machine that lasts longer than a
 * segment affects both. If the signal aborts, it ends with the rounds that are complete.
 */
export async function compare(
  scenario: Scenario,
  cluster: ClusterProcess,
  options: CompareOptions,
): Promise<Comparison> {
  const { rounds, seconds, signal } = options
  const { backends, vips } = cluster.ready
  const direct = `${backends[0]!.address}:${backends[0]!.port}`
  const through = vips[0]!.listen
  const pids = { load: [process.pid], ...cluster.pids() }
  const run = (target: string, warmUpMs: number, measureMs: number): Promise<Segment> =>
    runSegment({ scenario, target, pids, warmUpMs, measureMs, signal })
  for (const target of [direct, through]) await run(target, 0, FIRST_WARM_UP_MS)
  const done: { direct: Segment; through: Segment }[] = []
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    const one = await run(direct, seconds * 1000 * WARM_UP_SHARE, seconds * 1000)
    const other = await run(through, seconds * 1000 * WARM_UP_SHARE, seconds * 1000)
    if (!signal.aborted) done.push({ direct: one, through: other })
  }
  return {
    scenario: scenario.name,
    connections: scenario.connections,
    direct: done.map((pair) => pair.direct),
    through: done.map((pair) => pair.through),
  }
}
