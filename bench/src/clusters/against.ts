import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findWrk } from '../chain/tools.js'
import { ClusterProcess } from '../cluster-process.js'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'
import { compareClusters } from './compare-clusters.js'
import { renderClusters, renderDifferences } from './render-clusters.js'

export interface AgainstOptions {
  /** Folder of another checkout, which has been built. */
  readonly checkout: string
  readonly lbs: number
  readonly backends: number
  readonly seconds: number
  readonly rounds: number
  /** Difference that counts as none, per cent. */
  readonly within: number
  /** wrk, or its path. */
  readonly wrk: string
}

/**
 * Compares this checkout with another one, in turns.
 * @throws Error if wrk is missing or the other checkout is not built
 */
export async function against(options: AgainstOptions): Promise<void> {
  const { checkout, lbs, backends, seconds, rounds } = options
  const bin = join(checkout, 'packages/cluster/dist/bin.js')
  if (!existsSync(bin)) throw new Error(`${bin} does not exist: run 'npx -y pnpm@12 build' in ${checkout} first`)
  const wrk = findWrk(options.wrk)
  if (wrk === undefined) throw new Error('wrk is not installed (on Debian: apt install wrk)')
  const at = environment()
  const measurements = await compareClusters({
    contenders: [
      { name: 'other', start: () => ClusterProcess.start(lbs, backends, undefined, bin) },
      { name: 'this', start: () => ClusterProcess.start(lbs, backends) },
    ],
    seconds,
    rounds,
    wrk: wrk.command,
    signal: interruption(),
    onStep: (what) => process.stderr.write(`${what} ...\n`),
  })
  process.stdout.write(`\n${renderClusters(measurements)}\n`)
  const [other, current] = measurements
  process.stdout.write(`${renderDifferences([other!, current!], options.within)}\n\n`)
  process.stdout.write(`${at.cpus} CPUs (${at.cpuModel}), Node ${at.node}, commit ${at.commit.slice(0, 12)}\n`)
  process.stdout.write(`written to ${writeReport('against', at, { options, measurements })}\n`)
}
