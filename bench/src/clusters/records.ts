import { ClusterProcess } from '../cluster-process.js'
import { type CompareTwoOptions, compareTwo } from './compare-two.js'

/**
 * Compares a cluster without flow records with one that makes them.
 * @throws Error if wrk is missing
 */
export function compareRecords(options: CompareTwoOptions): Promise<void> {
  const contender = (name: string, flows: string) => ({
    name,
    start: () => ClusterProcess.start(options.lbs, options.backends, `flows: ${flows}\nchecks: false\n`),
  })
  return compareTwo('records', [contender('without records', 'off'), contender('with records', '{}')], options)
}
