import type { ProbeReport } from '@fivetuple/client'
import { type AssertionOutcome, formatValue } from '../scenario/assertion.js'
import type { ScenarioProgress } from '../scenario/run-scenario.js'
import type { ScenarioRun } from '../scenario/scenario-run.js'
import { table } from './table.js'

/** Renders progress as a line. */
export function renderProgress(progress: ScenarioProgress): string {
  switch (progress.step) {
    case 'starting':
      return `starting a cluster in ${progress.block}`
    case 'load':
      return `load for ${formatValue(progress.durationMs, 'ms')}`
    case 'event':
      return `${seconds(progress.atMs)}  ${progress.command}`
    case 'stopping':
      return 'stopping'
  }
}

/** Renders the outcome of a scenario: verdict first. */
export function renderScenario(name: string, run: ScenarioRun, outcomes: readonly AssertionOutcome[]): string {
  const failed = outcomes.filter(({ holds }) => !holds)
  const errors = run.events.filter(({ error }) => error !== null)
  const verdict = failed.length + errors.length > 0 ? 'FAILED' : run.isInterrupted ? 'INTERRUPTED' : 'PASSED'
  return [
    `${verdict}  ${name}, seed ${run.seed}`,
    ...outcomes.map(renderAssertion),
    '',
    loadTable(run),
    ...(run.events.length === 0 ? [] : [eventTable(run)]),
    lbTable(run),
  ].join('\n')
}

function renderAssertion({ text, holds, left, right, unit }: AssertionOutcome): string {
  const saw = formatValue(left, unit)
  return `  ${holds ? 'ok    ' : 'not ok'} ${text}${holds && right !== null ? `  (${saw})` : `: saw ${saw}, compared with ${formatValue(right, unit)}`}`
}

function loadTable({ loads, reports }: ScenarioRun): string {
  const time = (value: number | null): string => formatValue(value, 'ms')
  return table([
    ['LOAD', 'SENT', 'FAILED', 'P50', 'P99', 'MAX', 'OUTAGE', 'RECOVERY P50', 'MAX', 'FLOWS', 'BROKEN', 'ERRORS'],
    ...reports.map((report, i) => [
      loads[i]!.name,
      report.completed + report.failed,
      report.failed,
      time(report.latency.p50),
      time(report.latency.p99),
      time(report.latency.max),
      time(outage(report)),
      recovery(report.recovery?.took.p50),
      recovery(report.recovery?.took.max),
      report.flows.opened,
      Object.entries(report.flows.ends).reduce((sum, [end, n]) => (end === 'closed' ? sum : sum + n), 0),
      Object.entries(report.errors)
        .map(([code, count]) => `${code} ${count}`)
        .join(', ') || '-',
    ]),
  ])
}

function recovery(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '-' : formatValue(ms, 'ms')
}

/** Connections with a response, by the LB that carried them. */
function lbTable({ loads, reports }: ScenarioRun): string {
  const lbs = [...new Set(reports.flatMap(({ flows }) => Object.keys(flows.perLb)))]
  return table([
    ['FLOWS OF', ...lbs],
    ...reports.map(({ flows }, i) => [loads[i]!.name, ...lbs.map((lb) => flows.perLb[lb] ?? 0)]),
  ])
}

function eventTable({ events }: ScenarioRun): string {
  return table([
    ['AT', 'EVENT', 'TOOK', 'CONVERGED AFTER', 'ERROR'],
    ...events.map(({ command, startedMs, endedMs, convergedMs, error }) => [
      seconds(startedMs),
      command,
      formatValue(endedMs - startedMs, 'ms'),
      convergedMs === null ? 'not while the load ran' : formatValue(convergedMs, 'ms'),
      error ?? '-',
    ]),
  ])
}

function outage({ outages }: ProbeReport): number {
  return Math.max(0, ...outages.map(({ fromMs, toMs }) => toMs - fromMs))
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
