import { setTimeout as sleep } from 'node:timers/promises'
import { runningClusters } from '../launcher/run-directory.js'
import { CliError } from './cli-error.js'
import { targetRecord } from './target.js'

/**
 * Longest ordered stop, ms. A stop takes less than 2 s; a launcher that takes longer is
 * unresponsive.
 */
const STOP_MAX_MS = 15_000
const STEP_MS = 50

/** Runs `fivetuple down`: requests the stop of the launcher and waits for it. */
export async function down(options: { readonly block?: string; readonly json?: boolean }): Promise<void> {
  const { block, pid } = targetRecord(options.block)
  process.kill(pid, 'SIGTERM')
  const deadline = performance.now() + STOP_MAX_MS
  while (runningClusters().some((cluster) => cluster.pid === pid)) {
    if (performance.now() > deadline) throw new CliError(`the launcher (pid ${pid}) has not stopped yet`)
    await sleep(STEP_MS)
  }
  process.stdout.write(options.json ? `${JSON.stringify({ stopped: block })}\n` : `stopped ${block}\n`)
}
