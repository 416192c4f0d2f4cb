import { writeFileSync } from 'node:fs'
import { interruption } from '../interrupt.js'
import { environment, writeReport } from '../report.js'
import { drawMeasurements } from './draw.js'
import { measure } from './measure.js'
import type { Measurement } from './measurement.js'
import { renderMeasurements } from './render.js'
import { type ClusterSize, TOPOLOGIES } from './topology.js'

export interface CompareTopologiesOptions extends ClusterSize {
  /** Length of each run of the search for the capacity, s. */
  readonly seconds: number
}

/**
 * Compares all LBs at once with one at a time (VRRP), one cluster after the other. Exit code 130 if
 * it is interrupted.
 */
export async function compareTopologies(options: CompareTopologiesOptions): Promise<void> {
  const signal = interruption()
  const at = environment()
  const measurements: Measurement[] = []
  try {
    for (const topology of TOPOLOGIES)
      measurements.push(
        await measure(topology, { ...options, signal, onStep: (what) => process.stderr.write(`${what}\n`) }),
      )
  } catch (error) {
    if (!signal.aborted) throw error
    process.exitCode = 130
    return
  }
  process.stdout.write(`\n${renderMeasurements(measurements, options.newFlowsPerSecond)}\n`)
  const report = writeReport('vrrp', at, { options, measurements })
  const picture = report.replace(/\.json$/, '.svg')
  writeFileSync(picture, drawMeasurements(measurements, options.newFlowsPerSecond))
  process.stdout.write(`written to ${report} and ${picture}\n`)
}
