import { findWrk } from '../chain/tools.js'
import { ClusterProcess } from '../cluster-process.js'
import { compareClusters } from '../clusters/compare-clusters.js'
import { renderClusters } from '../clusters/render-clusters.js'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'

export interface CardsOptions {
  /** Line cards of each switch of the second cluster; those of the first have one. */
  readonly cards: number
  readonly lbs: number
  readonly backends: number
  /** Length of each segment, s. */
  readonly seconds: number
  readonly rounds: number
  /** wrk, or its path. */
  readonly wrk: string
}

/**
 * Compares two clusters that differ only in `lineCards`, under the same load in turns.
 * @throws Error if wrk is missing
 */
export async function compareCards({ cards, lbs, backends, seconds, rounds, ...tools }: CardsOptions): Promise<void> {
  const wrk = findWrk(tools.wrk)
  if (wrk === undefined) throw new Error('wrk is not installed (on Debian: apt install wrk)')
  const at = environment()
  const measurements = await compareClusters({
    contenders: [1, cards].map((lineCards) => ({
      name: `${lineCards} cards`,
      start: () => ClusterProcess.start(lbs, backends, `lineCards: ${lineCards}\nchecks: false\n`),
    })),
    seconds,
    rounds,
    wrk: wrk.command,
    signal: interruption(),
    onStep: (what) => process.stderr.write(`${what} ...\n`),
  })
  process.stdout.write(`\n${renderClusters(measurements)}\n`)
  process.stdout.write(`${at.cpus} CPUs (${at.cpuModel}), Node ${at.node}, commit ${at.commit.slice(0, 12)}\n`)
  const options = { lineCards: [1, cards], lbs, backends, seconds, rounds }
  process.stdout.write(`written to ${writeReport('line-cards', at, { options, measurements })}\n`)
}
