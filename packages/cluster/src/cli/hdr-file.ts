import { closeSync, openSync, writeSync } from 'node:fs'
import { HdrLog, type ProbeOutcome, percentileLines } from '@fivetuple/client'
import { CliError } from './cli-error.js'

const INTERVAL_MS = 1_000
/** End of the name of a file that gets percentiles instead of a log. */
const PERCENTILES = '.hgrm'
/** Latencies of which the percentiles are exact; 8 bytes each. */
const SAMPLES_MAX = 4_000_000

/** File of `--hdr` that is being written. */
export interface HdrFile {
  add(target: string, outcome: ProbeOutcome): void
  /** Writes the rest. */
  close(): void
}

/**
 * Opens the file of `--hdr`: an HdrHistogram log with an interval per second, or, if its name ends
 * in `.hgrm`, the percentile distribution of all completed requests.
 * @throws CliError if it can't be opened
 */
export function openHdrFile(path: string): HdrFile {
  let file: number
  try {
    file = openSync(path, 'w')
  } catch (error) {
    throw new CliError(`--hdr ${path} can't be written: ${(error as Error).message}`, 2)
  }
  return path.endsWith(PERCENTILES) ? percentiles(file) : log(file)
}

function log(file: number): HdrFile {
  const start = performance.now()
  const lines = new HdrLog()
  writeSync(file, lines.head(new Date()))
  const flush = () => writeSync(file, lines.flush(performance.now() - start))
  const timer = setInterval(flush, INTERVAL_MS)
  return {
    add: (target, { latencyMs, error }) => lines.add(target, latencyMs, error === undefined),
    close() {
      clearInterval(timer)
      flush()
      closeSync(file)
    },
  }
}

function percentiles(file: number): HdrFile {
  const samples: number[] = []
  return {
    add(_target, { latencyMs, error }) {
      if (error === undefined && samples.length < SAMPLES_MAX) samples.push(latencyMs)
    },
    close() {
      writeSync(file, percentileLines(Float64Array.from(samples)))
      closeSync(file)
    },
  }
}
