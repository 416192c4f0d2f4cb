import { findWrk } from '../chain/tools.js'
import { fileLimit } from '../file-limit.js'
import { interruption } from '../interrupt.js'
import { autocannonLoad } from '../load/autocannon.js'
import { SMALL_GET } from '../load/load.js'
import { pacedLoad } from '../load/paced.js'
import { wrkLoad } from '../load/wrk.js'
import { environment, writePage, writeReport } from '../report.js'
import { selected } from '../select.js'
import { measurePoint, type ScaleResult } from './measure.js'
import { scalePoints } from './points.js'
import { renderScale, scalePage } from './render.js'

export interface ScaleOptions {
  readonly seconds: number
  readonly rounds: number
  /** Requests a second of the load at a fixed rate. */
  readonly perSecond: number
  readonly only: readonly string[]
  /** wrk, or its path. */
  readonly wrk: string
}

/** Measures the cost of more LBs, more VIPs and more flows. */
export async function scale({ seconds, rounds, perSecond, only, wrk: command }: ScaleOptions): Promise<void> {
  const at = environment()
  const signal = interruption()
  const { points, leftOut } = scalePoints(fileLimit())
  for (const { name } of leftOut)
    process.stderr.write(`${name} is skipped: a process may have ${fileLimit()} files open here (ulimit -n)\n`)
  const wrk = findWrk(command)
  const closed = wrk === undefined ? autocannonLoad(SMALL_GET) : wrkLoad(wrk.command, SMALL_GET)
  const loads = { closed, paced: pacedLoad(perSecond) }
  const results: ScaleResult[] = []
  for (const point of selected(points, only)) {
    if (signal.aborted) break
    process.stderr.write(`${point.name} ...\n`)
    results.push(await measurePoint(point, { seconds, rounds, loads, signal }))
  }
  process.stdout.write(`\n${renderScale(results)}\n`)
  process.stdout.write(`written to ${writeReport('scale', at, { seconds, rounds, perSecond, results })}\n`)
  process.stdout.write(`drawn in ${writePage('scale', at, scalePage(at, results, seconds, rounds))}\n`)
  if (signal.aborted) process.exitCode = 130
}
