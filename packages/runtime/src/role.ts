import { readFileSync } from 'node:fs'
import type { Logger } from './log.js'
import type { Contract, Handlers, LoadContract } from './rpc/contract.js'
import { sendReport, serve } from './rpc/serve.js'

/**
 * An ordered shutdown that takes longer than this is cut short: a process must never outlive its
 * cluster.
 */
const SHUTDOWN_MAX_MS = 2_000
/** Time for the last report of a process to leave it. */
const LAST_REPORT_MS = 50

/** A role that has started. */
export interface RunningRole<C extends Contract> {
  /** Fields of the log line that reports that it serves. */
  readonly info: object
  readonly handlers: Handlers<C>
  /** Ordered shutdown: withdraw, close, free all addresses. */
  stop(): Promise<void>
}

/**
 * Runs a role as this process: starts it, reports ready, stops it on SIGTERM, on SIGINT and when
 * the launcher is gone.
 *
 * Under a launcher SIGINT is ignored: Ctrl-C reaches the whole process group, and the launcher
 * stops the roles in order.
 *
 * @param loadContract imports the contract of the role if messages are to be checked
 */
export async function runRole<C extends Contract>(
  log: Logger,
  loadContract: LoadContract,
  start: () => Promise<RunningRole<C>>,
): Promise<void> {
  let running: RunningRole<C> | undefined
  let stopping = false
  const stop = (why: string, exitCode: number): void => {
    if (stopping) return
    stopping = true
    log.info({ why }, 'stopping')
    setTimeout(() => process.exit(exitCode), SHUTDOWN_MAX_MS).unref()
    void Promise.resolve(running?.stop())
      .catch((error: unknown) => log.error({ err: error }, 'shutdown failed'))
      .then(() => process.exit(exitCode))
  }
  const hasLauncher = process.send !== undefined
  process.on('SIGTERM', () => stop('SIGTERM', 0))
  process.on('SIGINT', () => {
    if (!hasLauncher) stop('SIGINT', 0)
  })
  process.on('disconnect', () => stop('the launcher is gone', 0))
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception')
    stop('uncaught exception', 1)
  })
  try {
    running = await start()
  } catch (error) {
    log.fatal(error instanceof Error ? error.message : String(error))
    sendReport({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
    setTimeout(() => process.exit(1), LAST_REPORT_MS)
    return
  }
  await serve(running.handlers, loadContract)
  sendReport({ kind: 'ready' })
  log.info({ info: running.info }, 'ready')
}

/**
 * Reads a role's configuration, the JSON file that `--config` names. If it can't be read, this
 * process ends with one sentence, which the launcher gets, too.
 */
export async function readRoleConfig(path: string): Promise<unknown> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const { message } = error as Error
    const what = error instanceof SyntaxError ? 'is no JSON' : "can't be read"
    return endFailed(`${path} ${what}: ${message}`)
  }
}

async function endFailed(reason: string): Promise<never> {
  process.stderr.write(`${reason}\n`)
  sendReport({ kind: 'failed', reason })
  await new Promise((resolve) => setTimeout(resolve, LAST_REPORT_MS))
  process.exit(1)
}
