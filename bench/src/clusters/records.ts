import { findWrk } from '../chain/tools.js'
import { ClusterProcess } from '../cluster-process.js'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'
import { compareClusters } from './compare-clusters.js'
import { renderClusters, renderDifferences } from './render-clusters.js'

export interface CompareRecordsOptions {
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
 * Compares a cluster without flow records with one that makes them, under the same load in turns.
 * @throws Error if wrk is missing
 */
export async function compareRecords({ lbs, backends, seconds, rounds, within, ...tools }: CompareRecordsOptions) {
  const wrk = findWrk(tools.wrk)
  if (wrk === undefined) throw new Error('wrk is not installed (on Debian: apt install wrk)')
  const at = environment()
  const contender = (name: string, flows: string) => ({
    name,
    start: () => ClusterProcess.start(lbs, backends, `flows: ${flows}\nchecks: false\n`),
  })
  const measurements = await compareClusters({
    contenders: [contender('without records', 'off'), contender('with records', '{}')],
    seconds,
    rounds,
    wrk: wrk.command,
    signal: interruption(),
    onStep: (what) => process.stderr.write(`${what} ...\n`),
  })
  process.stdout.write(`\n${renderClusters(measurements)}\n`)
  const [without, having] = measurements
  process.stdout.write(`${renderDifferences([without!, having!], within)}\n\n`)
  process.stdout.write(`${at.cpus} CPUs (${at.cpuModel}), Node ${at.node}, commit ${at.commit.slice(0, 12)}\n`)
  const options = { lbs, backends, seconds, rounds, within }
  process.stdout.write(`written to ${writeReport('records', at, { options, measurements })}\n`)
}
