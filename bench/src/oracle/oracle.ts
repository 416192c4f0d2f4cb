import { SourcePool } from '@fivetuple/client'
import { ECMP_SELECTIONS } from '@fivetuple/switch'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'
import { measureCase, type OracleCase, type OracleResult } from './measure.js'
import { isExact, renderOracle } from './render.js'

export interface OracleOptions {
  /** Real TCP flows of each cluster. */
  readonly flows: number
  /** Names, or parts of names, of the cases, as in `maglev-4`; none: all. */
  readonly only: readonly string[]
}

/** Compares predictions of kills and returns of an LB with their outcomes, for each selection. */
export async function compareOracle(options: OracleOptions): Promise<void> {
  const { flows, only } = options
  const at = environment()
  const signal = interruption()
  const cases = Object.keys(ECMP_SELECTIONS).flatMap((selection) =>
    [4, 8].map((lbs): OracleCase => ({ selection, lbs })),
  )
  const chosen = cases.filter((one) => only.length === 0 || only.some((part) => nameOf(one).includes(part)))
  if (chosen.length === 0) throw new Error(`there are only ${cases.map(nameOf).join(', ')}`)
  const results: OracleResult[] = []
  try {
    for (const one of chosen) {
      if (signal.aborted) break
      process.stderr.write(`${nameOf(one)} ...\n`)
      const sources = ({ clientPool }: { readonly clientPool: string }) => SourcePool.parse(clientPool)!
      results.push(...(await measureCase(one, { flows, signal, sources })))
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  process.stdout.write(`\n${renderOracle(results)}\n`)
  process.stdout.write(`written to ${writeReport('oracle', at, { options, results })}\n`)
  if (signal.aborted) process.exitCode = 130
  else if (!results.every(isExact)) process.exitCode = 1
}

function nameOf({ selection, lbs }: OracleCase): string {
  return `${selection}-${lbs}`
}
