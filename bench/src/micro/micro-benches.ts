import { environment, writeReport } from '../report.js'
import { figure, renderTable } from '../table.js'
import { forwardingBenches } from './forwarding.js'
import { tcpBenches } from './tcp-ping-pong.js'
import { time } from './time.js'
import { translationBenches } from './translation.js'

export interface MicroBenchOptions {
  readonly rounds: number
  /** Names, or parts of names, of what is to run; none: all. */
  readonly only: readonly string[]
}

/** Times what runs per packet, in this process and without I/O. */
export function microBenches({ rounds, only }: MicroBenchOptions): void {
  const all = [...forwardingBenches, ...translationBenches, ...tcpBenches]
  const chosen = all.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  if (chosen.length === 0) throw new Error(`there are only ${all.map(({ name }) => `'${name}'`).join(', ')}`)
  const at = environment()
  const results = chosen.map((bench) => {
    process.stderr.write(`${bench.name} ...\n`)
    return { name: bench.name, nanosecondsPerOperation: time(bench, rounds) }
  })
  const rows = results.map(({ name, nanosecondsPerOperation: { median, min, max } }) => [
    name,
    ...[median, min, max].map(figure),
    figure(1e3 / median),
  ])
  process.stdout.write(`\n${renderTable([['', 'ns median', 'min', 'max', 'million/s'], ...rows])}`)
  process.stdout.write(`written to ${writeReport('micro', at, { rounds, results })}\n`)
}
