import { readFileSync } from 'node:fs'
import { formatConfigError, formatConfigWarning } from '../config/config-error.js'
import { MAX_CONFIG_BYTES } from '../config/limits.js'
import { evaluate } from '../scenario/assertion.js'
import { loadScenario } from '../scenario/load-scenario.js'
import { metricsOf } from '../scenario/metrics.js'
import { runScenario } from '../scenario/run-scenario.js'
import type { Scenario } from '../scenario/scenario.js'
import type { ScenarioRun } from '../scenario/scenario-run.js'
import { parseSetting, type Setting } from '../scenario/settings.js'
import { CliError } from './cli-error.js'
import { renderProgress, renderScenario } from './scenario-report.js'

export interface RunOptions {
  readonly check?: boolean
  readonly set?: readonly string[]
  readonly seed?: number
  readonly json?: boolean
}

/** Runs `fivetuple run`: exit code 0 if all assertions hold, 1 if not, 2 for an invalid file. */
export async function runScenarioFile(file: string, options: RunOptions): Promise<void> {
  const scenario = await readScenario(file, options)
  for (const warning of scenario.warnings) process.stderr.write(`${formatConfigWarning(warning)}\n`)
  if (options.check === true) {
    const { name, loads, events, assertions } = scenario
    process.stdout.write(
      `valid: ${name}: ${loads.length} loads, ${events.length} events, ${assertions.length} assertions\n`,
    )
    return
  }
  const stop = new AbortController()
  let signals = 0
  const onSignal = (): void => {
    stop.abort(new Error('it was stopped'))
    if (++signals > 1) process.exit(130) // the cluster ends with the process
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  const run = await runScenario(scenario, stop.signal, (progress) => {
    if (options.json !== true) process.stderr.write(`${renderProgress(progress)}\n`)
  }).catch((error: Error) => {
    throw new CliError(error.message)
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal)
  report(scenario, run, options.json === true)
}

function report(scenario: Scenario, run: ScenarioRun, asJson: boolean): void {
  const metrics = metricsOf(scenario.loads.map(({ name }) => name))
  const outcomes = scenario.assertions.map((assertion) =>
    evaluate(
      assertion,
      (name) => metrics.get(name)?.value(run.reports, run),
      (name) => metrics.get(name)?.unit,
    ),
  )
  const values = Object.fromEntries(
    [...metrics].map(([name, metric]) => [name, metric.value(run.reports, run) ?? null]),
  )
  const hasPassed = outcomes.every(({ holds }) => holds) && run.events.every(({ error }) => error === null)
  process.stdout.write(
    asJson
      ? `${JSON.stringify({ scenario: scenario.name, passed: hasPassed, assertions: outcomes, metrics: values, ...run })}\n`
      : renderScenario(scenario.name, run, outcomes),
  )
  if (!hasPassed || run.isInterrupted) process.exitCode = 1
}

async function readScenario(file: string, { set = [], seed }: RunOptions): Promise<Scenario> {
  let text: string
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CliError(`${file} can't be read: ${(error as Error).message}`, 2)
  }
  if (text.length > MAX_CONFIG_BYTES)
    throw new CliError(`${file} is larger than a scenario may be: ${MAX_CONFIG_BYTES} bytes`, 2)
  const settings = set.map((setting): Setting => {
    const parsed = parseSetting(setting)
    if (parsed === undefined) throw new CliError(`--set ${setting} is no setting: write it as ecmp.selection=maglev`, 2)
    return parsed
  })
  const all = seed === undefined ? settings : [...settings, parseSetting(`seed=${seed}`)!]
  const result = await loadScenario(text, file === '-' ? 'standard input' : file, all)
  if (result.ok) return result.scenario
  throw new CliError(`the scenario is not usable\n${result.errors.map(formatConfigError).join('\n')}`, 2, result.errors)
}
