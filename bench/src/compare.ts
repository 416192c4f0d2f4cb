import type { ClusterProcess } from './cluster-process.js'
import type { Scenario } from './scenarios.js'
import { runSegment, type Segment } from './segment.js'

/**
 * Share of a segment that is warm-up before it, for connections to open and for code to be
 * compiled.
 */
const WARM_UP_SHARE = 0.2
/** A scenario's first load on a target meets cold code: it runs once unmeasured. */
const FIRST_WARM_UP_MS = 500

export interface CompareOptions {
  readonly rounds: number
  /** Of measured load in each segment. */
  readonly seconds: number
  readonly signal: AbortSignal
}

/** The same load on one backend and on the VIP, round by round. */
export interface Comparison {
  readonly scenario: string
  readonly connections: number
  readonly direct: readonly Segment[]
  readonly through: readonly Segment[]
}

/**
 * Alternates direct, through, direct, through: what disturbs the machine for longer than a segment
 * meets both. Ends early, with the rounds that are whole, when the signal aborts.
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
