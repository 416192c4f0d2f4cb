import { readFileSync } from 'node:fs'
import { type ChainFacts, chainPage } from './chain/page.js'
import { renderChain } from './chain/render.js'
import type { ChainResult } from './chain/result.js'
import { type Environment, writePage } from './report.js'

interface ChainReport {
  readonly name: string
  readonly environment: Environment
  readonly facts: ChainFacts
  readonly results: readonly ChainResult[]
}

/**
 * Prints and draws earlier runs as one, so that a long comparison can be made in parts. Of a case
 * that was measured several times, the last file named counts. The environment shown is that of the
 * last file.
 *
 * @param files reports of `chain`, JSON
 */
export function drawAgain(files: readonly string[]): void {
  const reports = files.map(readReport)
  const last = reports.at(-1)
  if (last === undefined) throw new Error('no reports: name the JSON files')
  const results = new Map(reports.flatMap(({ results }) => results.map((result) => [result.name, result])))
  const all = [...results.values()]
  process.stdout.write(`${renderChain(all)}\n`)
  const page = chainPage(last.environment, last.facts, all)
  process.stdout.write(`drawn in ${writePage('chain-drawn', last.environment, page)}\n`)
}

/** Restores NaN, which JSON lacks: a figure that does not exist was written as null. */
function readReport(file: string): ChainReport {
  const report = JSON.parse(readFileSync(file, 'utf8'), (_key, value) =>
    value === null ? Number.NaN : value,
  ) as ChainReport
  if (report.name !== 'chain' || !Array.isArray(report.results)) throw new Error(`${file} is no report of chain`)
  return report
}
