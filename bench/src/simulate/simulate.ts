import { interruption } from '../interrupt.js'

export interface SimulateOptions {
  readonly seeds: number
  /** First seed. */
  readonly from: number
}

/** Module of the cluster's tests that runs one seed. It is compiled with the tests. */
const RUNNER = new URL('../../../packages/cluster/dist-test/simulation/random-faults.js', import.meta.url)

/** Part of that module that is used here. */
interface Runner {
  runRandomFaults(seed: number): { readonly completed: number; readonly failed: number; readonly dropped: number }
}

/**
 * Runs simulated clusters under random faults, a seed each, on virtual time. Every seed that
 * violates an invariant is printed with its faults; the exit code is then 1.
 */
export async function simulate({ seeds, from }: SimulateOptions): Promise<void> {
  const { runRandomFaults } = (await import(RUNNER.href)) as Runner
  const signal = interruption()
  const startedAt = performance.now()
  const total = { seeds: 0, completed: 0, failed: 0, dropped: 0, violations: 0 }
  for (let seed = from; seed < from + seeds && !signal.aborted; seed++) {
    total.seeds++
    try {
      const { completed, failed, dropped } = runRandomFaults(seed)
      total.completed += completed
      total.failed += failed
      total.dropped += dropped
    } catch (error) {
      total.violations++
      process.stdout.write(`${(error as Error).message}\n`)
    }
    if (total.seeds % 100 === 0) process.stderr.write(`${total.seeds} seeds ...\n`)
    await new Promise((resolve) => setImmediate(resolve)) // lets Ctrl-C through
  }
  const seconds = (performance.now() - startedAt) / 1_000
  process.stdout.write(
    `${total.seeds} seeds in ${seconds.toFixed(0)} s: ${total.completed} flows completed, ${total.failed} failed, ` +
      `${total.dropped} packets dropped; invariants violated by ${total.violations} seeds\n`,
  )
  if (total.violations > 0) process.exitCode = 1
  else if (signal.aborted) process.exitCode = 130
}
