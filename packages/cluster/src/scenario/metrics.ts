import type { ProbeReport } from '@fivetuple/client'
import type { Unit } from './assertion.js'
import type { ScenarioRun } from './scenario-run.js'

/** Value of a scenario's outcome that assertions and reports name. */
export interface Metric {
  readonly name: string
  readonly unit: Unit
  /** Completes "NAME is ...". */
  readonly description: string
  /** Returns the value over these loads, in its base unit; undefined: there is none. */
  value(loads: readonly ProbeReport[], run: ScenarioRun): number | undefined
}

const sum = (loads: readonly ProbeReport[], of: (load: ProbeReport) => number): number =>
  loads.reduce((total, load) => total + of(load), 0)
const worst = (loads: readonly ProbeReport[], of: (load: ProbeReport) => number | null): number | undefined => {
  const values = loads.map(of).filter((value) => value !== null)
  return values.length === 0 ? undefined : Math.max(...values)
}
const quantile = (of: 'p50' | 'p90' | 'p99' | 'p999' | 'max'): Metric => ({
  name: `latency.${of}`,
  unit: 'ms',
  description: `the ${of === 'max' ? 'largest' : of} latency of completed requests from their due times, of the slowest load`,
  value: (loads) => worst(loads, ({ latency }) => latency[of]),
})

/** From the first failure of a keep-alive connection to its next success. */
const recovery = (of: 'p50' | 'p99' | 'max', opening: string): Metric => ({
  name: `recovery.${of}`,
  unit: 'ms',
  description: `the time that ${opening}, from a first failed request to the next completed one, of the slowest load`,
  value: (loads) => worst(loads, ({ recovery }) => recovery?.took[of] ?? null),
})

/** Metrics of a load; without the name of a load they are over all loads. */
export const LOAD_METRICS: readonly Metric[] = [
  {
    name: 'sent',
    unit: 'count',
    description: 'the number of requests with an outcome',
    value: (loads) => sum(loads, sent),
  },
  {
    name: 'completed',
    unit: 'count',
    description: 'the number of requests with a complete response in time',
    value: (loads) => sum(loads, ({ completed }) => completed),
  },
  {
    name: 'failed',
    unit: 'count',
    description: 'the number of requests without one',
    value: (loads) => sum(loads, ({ failed }) => failed),
  },
  {
    name: 'failedShare',
    unit: 'share',
    description: 'the share of requests without one',
    value: (loads) =>
      ratio(
        sum(loads, ({ failed }) => failed),
        sum(loads, sent),
      ),
  },
  quantile('p50'),
  quantile('p90'),
  quantile('p99'),
  quantile('p999'),
  quantile('max'),
  {
    name: 'outages',
    unit: 'count',
    description: 'the number of periods in which requests failed',
    value: (loads) => sum(loads, ({ outages }) => outages.length),
  },
  {
    name: 'longestOutage',
    unit: 'ms',
    description: 'the length of the longest such period, in steps of 100 ms; 0 if there is none',
    value: (loads) => Math.max(0, ...loads.flatMap(({ outages }) => outages.map(({ fromMs, toMs }) => toMs - fromMs))),
  },
  recovery('p50', 'half of the recoveries of connections took at most'),
  recovery('p99', '99 % of the recoveries of connections took at most'),
  recovery('max', 'the longest recovery of a connection took'),
  {
    name: 'unrecovered',
    unit: 'count',
    description: 'the number of keep-alive connections whose last request failed',
    value: (loads) => sum(loads, ({ recovery }) => recovery?.unrecovered ?? 0),
  },
  {
    name: 'flows.opened',
    unit: 'count',
    description: 'the number of connections that clients opened',
    value: (loads) => sum(loads, ({ flows }) => flows.opened),
  },
  {
    name: 'flows.broken',
    unit: 'count',
    description: 'the number of connections that ended with an error',
    value: (loads) => sum(loads, ({ flows }) => broken(flows.ends)),
  },
  {
    name: 'flows.brokenShare',
    unit: 'share',
    description: 'the share of connections that ended with an error',
    value: (loads) =>
      ratio(
        sum(loads, ({ flows }) => broken(flows.ends)),
        sum(loads, ({ flows }) => flows.opened),
      ),
  },
  {
    name: 'flows.translationChanges',
    unit: 'count',
    description:
      'the number of responses over another SNAT address, port or backend than the first of their connection',
    value: (loads) => sum(loads, ({ flows }) => flows.translationChanges),
  },
  {
    name: 'overload',
    unit: 'share',
    description: 'the connections of the LB with most of them, above the mean of the LBs',
    value: (loads) => overload(loads),
  },
  {
    name: 'lag.p99',
    unit: 'ms',
    description: "the p99 of the client's own delay, which is part of every latency",
    value: (loads) => worst(loads, ({ lag }) => lag.p99),
  },
]

/** Metrics of the whole run. */
export const RUN_METRICS: readonly Metric[] = [
  {
    name: 'convergence',
    unit: 'ms',
    description: 'the longest time from an event to the moment when each VIP had exactly the routes that it could have',
    value: (_loads, { events }) => {
      const times = events.flatMap(({ convergedMs }) => (convergedMs === null ? [] : [convergedMs]))
      return times.length === 0 ? undefined : Math.max(...times)
    },
  },
]

/** Prefix of a metric of one load, as in `load.web.failed`. */
const LOAD_PREFIX = 'load.'

/** Metrics of a scenario by name. @param loads names of its loads */
export function metricsOf(loads: readonly string[]): ReadonlyMap<string, Metric> {
  const ofLoads = loads.flatMap((load) =>
    LOAD_METRICS.map((metric): [string, Metric] => {
      const name = `${LOAD_PREFIX}${load}.${metric.name}`
      return [name, { ...metric, name, value: (reports, run) => metric.value(only(reports, run, load), run) }]
    }),
  )
  const shared = [...LOAD_METRICS, ...RUN_METRICS].map((metric): [string, Metric] => [metric.name, metric])
  return new Map([...shared, ...ofLoads])
}

function only(reports: readonly ProbeReport[], { loads }: ScenarioRun, name: string): readonly ProbeReport[] {
  return reports.filter((_, i) => loads[i]?.name === name)
}

function sent({ completed, failed }: ProbeReport): number {
  return completed + failed
}

function broken(ends: Readonly<Record<string, number>>): number {
  return Object.entries(ends).reduce((total, [end, count]) => (end === 'closed' ? total : total + count), 0)
}

function ratio(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole
}

function overload(loads: readonly ProbeReport[]): number | undefined {
  const perLb = new Map<string, number>()
  for (const { flows } of loads)
    for (const [lb, count] of Object.entries(flows.perLb)) perLb.set(lb, (perLb.get(lb) ?? 0) + count)
  const counts = [...perLb.values()]
  const mean = counts.reduce((total, count) => total + count, 0) / counts.length
  return counts.length === 0 ? undefined : Math.max(...counts) / mean - 1
}
