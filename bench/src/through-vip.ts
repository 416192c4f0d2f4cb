import { ClusterProcess } from './cluster-process.js'
import { type Comparison, compare } from './compare.js'
import { renderComparisons } from './render-comparisons.js'
import { environment, writeReport } from './report.js'
import { SCENARIOS } from './scenarios.js'

export interface ThroughVipOptions {
  readonly lbs: number
  readonly backends: number
  readonly seconds: number
  readonly rounds: number
  /** Names, or parts of names, of the scenarios to run; none: all. */
  readonly only: readonly string[]
}

/** What the way through the cluster costs, against one backend without it. */
export async function throughVip(options: ThroughVipOptions): Promise<void> {
  const { lbs, backends, seconds, rounds, only } = options
  const scenarios = SCENARIOS.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  if (scenarios.length === 0) throw new Error(`there are only ${SCENARIOS.map(({ name }) => name).join(', ')}`)
  const at = environment()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  const cluster = await ClusterProcess.start(lbs, backends)
  const comparisons: Comparison[] = []
  try {
    for (const scenario of scenarios) {
      if (stop.signal.aborted) break
      process.stderr.write(`${scenario.name} ...\n`)
      comparisons.push(await compare(scenario, cluster, { rounds, seconds, signal: stop.signal }))
    }
  } finally {
    await cluster.stop()
  }
  process.stdout.write(`\n${renderComparisons(comparisons)}\n`)
  process.stdout.write(
    `${at.cpus} CPUs (${at.cpuModel}), Node ${at.node}, commit ${at.commit.slice(0, 12)}${at.isDirty ? ' and changes' : ''}\n`,
  )
  process.stdout.write(`written to ${writeReport('through-vip', at, { options, comparisons })}\n`)
  if (stop.signal.aborted) process.exitCode = 130
}
