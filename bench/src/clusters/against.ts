import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ClusterProcess } from '../cluster-process.js'
import { type CompareTwoOptions, compareTwo } from './compare-two.js'

export interface AgainstOptions extends CompareTwoOptions {
  /** Folder of another checkout, which has been built. */
  readonly checkout: string
}

/**
 * Compares this checkout with another one.
 * @throws Error if wrk is missing or the other checkout is not built
 */
export async function against(options: AgainstOptions): Promise<void> {
  const { checkout, lbs, backends } = options
  const bin = join(checkout, 'packages/cluster/dist/bin.js')
  if (!existsSync(bin)) throw new Error(`${bin} does not exist: run 'npx -y pnpm@12 build' in ${checkout} first`)
  const other = { name: 'other', start: () => ClusterProcess.start(lbs, backends, undefined, bin) }
  const current = { name: 'this', start: () => ClusterProcess.start(lbs, backends) }
  await compareTwo('against', [other, current], options)
}
