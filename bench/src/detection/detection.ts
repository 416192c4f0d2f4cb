import { ClusterProcess } from '../cluster-process.js'
import { interruption } from '../interrupt.js'
import { autocannonLoad } from '../load/autocannon.js'
import { SMALL_GET } from '../load/load.js'
import { environment, writeReport } from '../report.js'
import { type Detected, measureDetection } from './measure-detection.js'
import { renderDetection } from './render.js'
import { ALLOWANCE_MS, type DetectionResult } from './result.js'
import { healthOf } from './session-health.js'
import { TIMERS, type Timers } from './timers.js'

export interface DetectionOptions {
  readonly lbs: number
  readonly backends: number
  readonly only: readonly string[]
  /** Pauses of an LB, per setting of the timers. */
  readonly rounds: number
  /** Length of the full load per setting, s; 0: none. */
  readonly seconds: number
  readonly connections: number
}

/**
 * Measures the time from the pause of an LB until its next hop is removed, without load, and then
 * counts failures that BFD finds under full load, of which there are none. Exit code 1 if either is
 * not as it must be.
 */
export async function detection(options: DetectionOptions): Promise<void> {
  const at = environment()
  const stop = interruption()
  const { only } = options
  const wanted = TIMERS.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)))
  const results: DetectionResult[] = []
  for (const timers of wanted) {
    if (stop.aborted) break
    results.push(await measure(timers, options, stop))
  }
  process.stdout.write(`${renderDetection(results)}\n`)
  process.stdout.write(`written to ${writeReport('detection', at, { options, results })}\n`)
  if (stop.aborted) process.exitCode = 130
  else if (results.some(isBad)) process.exitCode = 1
}

function isBad({ timers, detected, underLoad }: DetectionResult): boolean {
  const late = detected.filter(({ removedMs }) => removedMs > timers.intervalMs * timers.multiplier + ALLOWANCE_MS)
  return late.length * 2 > detected.length || (underLoad !== null && underLoad.health.downs > 0)
}

async function measure(timers: Timers, options: DetectionOptions, stop: AbortSignal): Promise<DetectionResult> {
  const { rounds, lbs } = options
  const detected: Detected[] = []
  await withCluster(timers, options, async ({ api }) => {
    for (let round = 0; round < rounds && !stop.aborted; round++) {
      detected.push(await measureDetection(api, `lb-${1 + (round % lbs)}`, timers, stop))
      process.stderr.write(`${timers.name}, round ${round + 1}: ${detected.at(-1)!.removedMs.toFixed(0)} ms\n`)
    }
  })
  if (options.seconds === 0 || stop.aborted) return { timers, detected, underLoad: null }
  return { timers, detected, underLoad: await measureLoad(timers, options, stop) }
}

/** In a cluster of its own: a pause is the longest delay of all. */
async function measureLoad(
  timers: Timers,
  options: DetectionOptions,
  stop: AbortSignal,
): Promise<NonNullable<DetectionResult['underLoad']>> {
  const { seconds, connections } = options
  return withCluster(timers, options, async ({ api, ready }) => {
    process.stderr.write(`${timers.name}: full load for ${seconds} s\n`)
    const before = healthOf(await api.status())
    const [host = '', port = ''] = ready.vips[0]!.listen.split(':')
    const load = await autocannonLoad(SMALL_GET)({
      host,
      port: Number(port),
      path: '/',
      connections,
      warmUpMs: 0,
      measureMs: seconds * 1_000,
      onWindow: () => {},
      signal: stop,
    })
    const after = healthOf(await api.status())
    const health = {
      downs: after.downs - before.downs,
      excusedLags: after.excusedLags - before.excusedLags,
      lags: after.lags - before.lags,
      longestLagMs: after.longestLagMs,
      reasons: after.reasons.filter((reason) => !before.reasons.includes(reason)),
    }
    return { load, health }
  })
}

async function withCluster<T>(
  { intervalMs, multiplier }: Timers,
  { lbs, backends }: DetectionOptions,
  use: (cluster: ClusterProcess) => Promise<T>,
): Promise<T> {
  const yaml = `bfd: { interval: ${intervalMs}ms, multiplier: ${multiplier} }\n`
  const cluster = await ClusterProcess.start(lbs, backends, yaml)
  try {
    return await use(cluster)
  } finally {
    await cluster.stop()
  }
}
