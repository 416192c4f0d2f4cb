import { findWrk } from '../chain/tools.js'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'
import { type Contender, compareClusters } from './compare-clusters.js'
import { renderClusters, renderDifferences } from './render-clusters.js'

export interface CompareTwoOptions {
  readonly lbs: number
  readonly backends: number
  /** Length of each segment, s. */
  readonly seconds: number
  readonly rounds: number
  /** Difference that counts as none, per cent. */
  readonly within: number
  /** wrk, or its path. */
  readonly wrk: string
}

/**
 * Compares two clusters under the same load in turns, and reports the differences of the second
 * from the first.
 * @param name of the report
 * @throws Error if wrk is missing
 */
export async function compareTwo(
  name: string,
  contenders: readonly [Contender, Contender],
  options: CompareTwoOptions,
): Promise<void> {
  const wrk = findWrk(options.wrk)
  if (wrk === undefined) throw new Error('wrk is not installed (on Debian: apt install wrk)')
  const at = environment()
  const measurements = await compareClusters({
    contenders,
    seconds: options.seconds,
    rounds: options.rounds,
    wrk: wrk.command,
    signal: interruption(),
    onStep: (what) => process.stderr.write(`${what} ...\n`),
  })
  process.stdout.write(`\n${renderClusters(measurements)}\n`)
  const [first, second] = measurements
  process.stdout.write(`${renderDifferences([first!, second!], options.within)}\n\n`)
  process.stdout.write(`${at.cpus} CPUs (${at.cpuModel}), Node ${at.node}, commit ${at.commit.slice(0, 12)}\n`)
  process.stdout.write(`written to ${writeReport(name, at, { options, measurements })}\n`)
}
