import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { environment, writeReport } from '../report.js'
import { ARRANGEMENTS } from './arrangement.js'
import { drawMeasurements } from './draw.js'
import { measure } from './measure.js'
import type { Measurement } from './measurement.js'
import { renderMeasurements } from './render.js'

const HELP = `pnpm bench:vrrp [options]   all LBs at once against one at a time (VRRP)

  --lbs <n>, --backends <n>   size of both clusters (default 4 and 4)
  --flows <n>                 new flows a second that each LB can carry (default 100)
  --seconds <n>               length of each run that looks for the capacity (default 2)
`

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
try {
  const { values } = parseArgs({
    options: {
      lbs: { type: 'string', default: '4' },
      backends: { type: 'string', default: '4' },
      flows: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) process.stdout.write(HELP)
  else
    await compareArrangements({
      lbs: within('lbs', values.lbs, 2, 16),
      backends: within('backends', values.backends, 1, 16),
      newFlowsPerSecond: within('flows', values.flows, 10, 2_000),
      seconds: within('seconds', values.seconds, 0.5, 60),
    })
} catch (error) {
  if (stop.signal.aborted) process.exitCode = 130
  else {
    process.stderr.write(`bench: ${(error as Error).message}\n`)
    process.exitCode = 1
  }
}

async function compareArrangements(options: {
  readonly lbs: number
  readonly backends: number
  readonly newFlowsPerSecond: number
  readonly seconds: number
}): Promise<void> {
  const at = environment()
  const measurements: Measurement[] = []
  for (const arrangement of ARRANGEMENTS)
    measurements.push(
      await measure(arrangement, {
        ...options,
        signal: stop.signal,
        onStep: (what) => process.stderr.write(`${what}\n`),
      }),
    )
  process.stdout.write(`\n${renderMeasurements(measurements, options.newFlowsPerSecond)}\n`)
  const report = writeReport('vrrp', at, { options, measurements })
  const picture = report.replace(/\.json$/, '.svg')
  writeFileSync(picture, drawMeasurements(measurements, options.newFlowsPerSecond))
  process.stdout.write(`written to ${report} and ${picture}\n`)
}

function within(name: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text !== '' && value >= min && value <= max && (name === 'seconds' || Number.isInteger(value))) return value
  throw new Error(
    `--${name} is '${text}': a ${name === 'seconds' ? '' : 'whole '}number from ${min} to ${max} is needed`,
  )
}
