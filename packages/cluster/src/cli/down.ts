import { setTimeout as sleep } from 'node:timers/promises'
import { runningClusters } from '../launcher/run-directory.js'
import { CliError } from './cli-error.js'
import { targetRecord } from './target.js'

/** An ordered stop takes less than two seconds; a launcher that takes longer hangs. */
const STOP_MAX_MS = 15_000
const STEP_MS = 50

/** `fivetuple down`: asks the launcher to stop and waits until it has. */
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
