import { SourcePool } from '@fivetuple/client'
import { ClusterProcess } from '../cluster-process.js'
import { environment, writeReport } from '../report.js'
import { failures } from './failures.js'
import { type FailureResult, measureFailure } from './measure.js'
import { renderFailures } from './render.js'

/**
 * Requests per second of each load: low enough for one LB, so that all failed requests are due to
 * the failure.
 */
const RATE_PER_SECOND = 150

export interface UnderFailureOptions {
  readonly lbs: number
  readonly backends: number
  readonly seconds: number
  /** Names, or parts of names, of the failures; none: all. */
  readonly only: readonly string[]
}

/** Measures the cost of failures for clients: each happens once, under the same load. */
export async function underFailure(options: UnderFailureOptions): Promise<void> {
  const { lbs, backends, seconds, only } = options
  const at = environment()
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort())
  const cluster = await ClusterProcess.start(lbs, backends)
  const results: FailureResult[] = []
  try {
    const { ready, api } = cluster
    const names = (roles: readonly { readonly name: string }[]): string[] => roles.map(({ name }) => name)
    const all = failures(names(ready.lbs), names(ready.backends))
    const chosen = all.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
    if (chosen.length === 0) throw new Error(`there are only ${all.map(({ name }) => name).join(', ')}`)
    const run = {
      api,
      url: new URL(`http://${ready.vips[0]!.listen}/`),
      sources: SourcePool.parse(cluster.clientPool)!,
      ratePerSecond: RATE_PER_SECOND,
      phaseMs: seconds * 1000,
      signal: stop.signal,
    }
    for (const failure of chosen) {
      if (stop.signal.aborted) break
      process.stderr.write(`${failure.name} ...\n`)
      results.push(await measureFailure(failure, run))
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    await cluster.stop()
  }
  process.stdout.write(`\n${renderFailures(results)}\n`)
  process.stdout.write(`written to ${writeReport('failure', at, { options, results })}\n`)
  if (stop.signal.aborted) process.exitCode = 130
}
