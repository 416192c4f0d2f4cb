import { figure, renderTable } from '../table.js'
import type { FailureResult, LoadResult } from './measure.js'
import { PHASES } from './phases.js'

/** Renders a table of the effect of each failure on each kind of client. */
export function renderFailures(results: readonly FailureResult[]): string {
  return [
    'Latency from the moment a request was due, ms; outage: longest period of failures, in steps of 100 ms',
    renderTable([
      [
        'failure',
        'load',
        'lasted ms',
        'requests',
        'failed',
        'outage ms',
        ...PHASES.map((p) => `p99 ${p}`),
        'per cause',
      ],
      ...results.flatMap(({ failure, durationMs, loads }) =>
        loads.map((load, i) => [i === 0 ? failure : '', ...row(load, i === 0 ? figure(durationMs) : '')]),
      ),
    ]),
    ...results.map(({ failure, what }) => `${failure}: ${what}`),
  ].join('\n')
}

function row({ load, phases, requests, failed, errors, outageMs }: LoadResult, lasted: string): string[] {
  return [
    load,
    lasted,
    String(requests),
    String(failed),
    figure(outageMs),
    ...PHASES.map((phase) => figure(phases[phase].latency.p99 ?? Number.NaN)),
    Object.entries(errors)
      .map(([code, count]) => `${code} ${count}`)
      .join(', ') || '-',
  ]
}
