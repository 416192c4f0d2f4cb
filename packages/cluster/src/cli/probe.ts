import { randomInt } from 'node:crypto'
import { COUNT_MAX, type ProbeReport, runProbe, SeededSources, SourcePool } from '@fivetuple/client'
import { CliError } from './cli-error.js'
import { LiveLine } from './live-line.js'
import { type ProbeFlags, type ProbeSettings, parseProbeFlags } from './probe-flags.js'
import { type PlannedProbe, printPlan } from './probe-plan.js'
import { type ProbesReport, renderProbes } from './probe-report.js'
import { ProbeTally } from './probe-tally.js'
import { type ProbeTarget, resolveTargets } from './probe-targets.js'
import { addressesFrom, untilReusable } from './time-wait.js'

const SEEDS = 0x1_0000_0000
/** Exit code of a process that Ctrl-C ends. */
const INTERRUPTED = 130

/**
 * Runs `fivetuple probe`: sends requests to targets until the time is over or Ctrl-C, then reports.
 * Exit code 0 if every request was completed, 1 if some failed, 2 for invalid usage.
 */
export async function probe(names: readonly string[], flags: ProbeFlags): Promise<void> {
  const settings = parseProbeFlags(flags)
  const { targets, clientPool } = await resolveTargets(names, settings)
  const from = settings.from ?? clientPool
  const seed = from === undefined ? undefined : (settings.seed ?? randomInt(SEEDS))
  if (from === undefined && settings.seed !== undefined)
    throw new CliError('--seed draws sources from a pool: name one with --from', 2)
  const pool = from === undefined ? undefined : poolOf(from)
  const probes = planned(targets, settings, pool, seed)
  if (flags.plan === true) {
    await printPlan(probes, settings, { seed, from }, flags)
    return
  }
  if (pool !== undefined)
    await untilReusable(
      addressesFrom(pool.at(0), pool.size),
      targets.map(({ url }) => url),
    )
  const reports = await run(probes, settings, flags.json === true)
  const all: ProbesReport = {
    seed: seed ?? null,
    from: from ?? null,
    targets: reports.map((report, i) => ({ name: probes[i]!.target.name, report })),
  }
  process.stdout.write(renderProbes(all, flags))
  if (reports.some(({ failed }) => failed > 0)) process.exitCode = 1
}

function poolOf(from: string): SourcePool {
  const pool = SourcePool.parse(from)
  if (pool !== undefined) return pool
  throw new CliError(`--from is '${from}': an address or a prefix is needed, as in 127.20.100.0/22`, 2)
}

function planned(
  targets: readonly ProbeTarget[],
  { connections, count }: ProbeSettings,
  pool: SourcePool | undefined,
  seed: number | undefined,
): PlannedProbe[] {
  return targets.map((target, probe) => ({
    target,
    sources:
      pool &&
      new SeededSources({
        pool,
        seed: seed ?? 0,
        connections: connections === 'new' ? Math.min(count, COUNT_MAX) : connections,
        probes: targets.length,
        probe,
      }),
  }))
}

/** Runs all probes, with a live line on a terminal. Ctrl-C ends them; a second one the process. */
async function run(probes: readonly PlannedProbe[], settings: ProbeSettings, asJson: boolean): Promise<ProbeReport[]> {
  const { ratePerSecond, durationMs, count, connections, timeoutMs, hdr } = settings
  const stop = new AbortController()
  const onSignal = (): void => {
    if (stop.signal.aborted) process.exit(INTERRUPTED)
    stop.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, onSignal)
  const tally = new ProbeTally()
  const line = asJson ? undefined : LiveLine.on(process.stderr, (isColored) => tally.line(durationMs, isColored))
  const log = hdr === undefined ? undefined : (await import('./hdr-file.js')).openHdrFile(hdr)
  try {
    return await Promise.all(
      probes.map(({ target, sources }, i) => {
        const { url, lbOf, bodyUpBytes, bodyDownBytes, name } = target
        return runProbe({
          url,
          ratePerSecond,
          durationMs,
          countMax: count,
          offsetMs: (1_000 * i) / (ratePerSecond * probes.length),
          connections,
          timeoutMs,
          lbOf,
          signal: stop.signal,
          ...(bodyUpBytes !== undefined && { bodyUpBytes }),
          ...(bodyDownBytes !== undefined && { bodyDownBytes }),
          ...(sources && { from: sources }),
          onOutcome: (outcome) => {
            tally.add(outcome)
            log?.add(name, outcome)
          },
        })
      }),
    )
  } finally {
    line?.clear()
    log?.close()
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, onSignal)
  }
}
