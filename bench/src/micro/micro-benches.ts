import { strict as assert } from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { environment, writeReport } from '../report.js'
import type { Spread } from '../statistics.js'
import { figure, renderTable } from '../table.js'
import { MICRO_BENCHES } from './benches.js'
import type { MicroBench } from './micro-bench.js'

const ONE_BENCH = fileURLToPath(new URL('one-bench.js', import.meta.url))

export interface MicroBenchOptions {
  readonly rounds: number
  /** Names, or parts of names, of the benches to run; none: all. */
  readonly only: readonly string[]
}

interface Result extends Spread {
  readonly name: string
  readonly unit: 'ns' | 'bytes'
}

/**
 * Measures code that runs per packet, without I/O. Each bench has its own process: the
 * optimizations for one would slow the next, and no switch runs five selections at once.
 */
export async function microBenches({ rounds, only }: MicroBenchOptions): Promise<void> {
  const chosen = MICRO_BENCHES.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  if (chosen.length === 0) throw new Error(`there are only ${MICRO_BENCHES.map(({ name }) => `'${name}'`).join(', ')}`)
  const at = environment()
  const results: Result[] = []
  for (const bench of chosen) {
    process.stderr.write(`${bench.name} ...\n`)
    results.push(await measure(bench, rounds))
  }
  const timed = results.filter(({ unit }) => unit === 'ns')
  const rows = timed.map(({ name, median, min, max }) => [
    name,
    ...[median, min, max].map(figure),
    figure(1e3 / median),
  ])
  if (rows.length > 0) process.stdout.write(`\n${renderTable([['', 'ns median', 'min', 'max', 'million/s'], ...rows])}`)
  const sizes = results.filter(({ unit }) => unit === 'bytes').map(({ name, median }) => [name, figure(median)])
  if (sizes.length > 0) process.stdout.write(`\n${renderTable([['', 'bytes'], ...sizes])}`)
  process.stdout.write(`written to ${writeReport('micro', at, { rounds, results })}\n`)
}

async function measure(bench: MicroBench, rounds: number): Promise<Result> {
  const child = fork(ONE_BENCH, [bench.name, String(rounds)], { execArgv: ['--expose-gc'] })
  let spread: Spread | undefined
  child.on('message', (message) => {
    spread = message as Spread
  })
  await once(child, 'exit')
  assert(spread !== undefined, `'${bench.name}' has ended without a result`)
  return { name: bench.name, unit: 'build' in bench ? 'bytes' : 'ns', ...spread }
}
