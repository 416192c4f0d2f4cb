import { readFileSync } from 'node:fs'
import type { Logger } from './log.js'
import { type ManagementHandlers, serveManagement, tellLauncher } from './management.js'

/** An ordered shutdown that takes longer than this is cut short: a process must never outlive its cluster. */
const SHUTDOWN_MAX_MS = 2_000
/** Time for what a process says last to leave it. */
const LAST_WORDS_MS = 50

/** A role that has started. */
export interface RunningRole {
  /** What the launcher is told about it once it serves. */
  readonly info: unknown
  readonly handlers: ManagementHandlers
  /** Ordered shutdown: withdraw, close, free all addresses. */
  stop(): Promise<void>
}

/**
 * Runs a role as this process: starts it, reports ready, stops it on SIGTERM, on SIGINT and when the launcher is gone.
 *
 * Under a launcher SIGINT is ignored: Ctrl-C reaches the whole process group, and the launcher stops the roles in order.
 */
export async function runRole(log: Logger, start: () => Promise<RunningRole>): Promise<void> {
  let running: RunningRole | undefined
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
    tellLauncher({ kind: 'event', event: 'failed', data: error instanceof Error ? error.message : String(error) })
    setTimeout(() => process.exit(1), LAST_WORDS_MS)
    return
  }
  serveManagement(running.handlers)
  tellLauncher({ kind: 'ready', info: running.info })
  log.info({ info: running.info }, 'ready')
}

/**
 * Reads a role's configuration, the JSON file that `--config` names. If it can't be read, this process ends with one
 * sentence, which the launcher gets, too.
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
  tellLauncher({ kind: 'event', event: 'failed', data: reason })
  await new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))
  process.exit(1)
}
