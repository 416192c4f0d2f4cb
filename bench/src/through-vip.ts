import { ClusterProcess } from './cluster-process.js'
import { type Comparison, compare } from './compare.js'
import { interruption } from './interrupt.js'
import { renderComparisons } from './render-comparisons.js'
import { environment, writeReport } from './report.js'
import { SCENARIOS } from './scenarios.js'
import { selected } from './select.js'

export interface ThroughVipOptions {
  readonly lbs: number
  readonly backends: number
  readonly seconds: number
  readonly rounds: number
  /** Names, or parts of names, of the scenarios to run; none: all. */
  readonly only: readonly string[]
}

/** Measures the cost of the path through the cluster, against one backend without it. */
export async function throughVip(options: ThroughVipOptions): Promise<void> {
  const { lbs, backends, seconds, rounds, only } = options
  const scenarios = selected(SCENARIOS, only)
  const at = environment()
  const signal = interruption()
  const cluster = await ClusterProcess.start(lbs, backends)
  const comparisons: Comparison[] = []
  try {
    for (const scenario of scenarios) {
      if (signal.aborted) break
      process.stderr.write(`${scenario.name} ...\n`)
      comparisons.push(await compare(scenario, cluster, { rounds, seconds, signal }))
    }
  } finally {
    await cluster.stop()
  }
  process.stdout.write(`\n${renderComparisons(comparisons)}\n`)
  process.stdout.write(
    `${at.cpus} CPUs (${at.cpuModel}), Node ${at.node}, commit ${at.commit.slice(0, 12)}${at.isDirty ? ' and changes' : ''}\n`,
  )
  process.stdout.write(`written to ${writeReport('through-vip', at, { options, comparisons })}\n`)
  if (signal.aborted) process.exitCode = 130
}
