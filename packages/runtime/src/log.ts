import { type Logger, pino } from 'pino'

export type { Logger } from 'pino'

/** Levels that a configuration may name, from quiet to chatty. */
export const LOG_LEVELS = ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

/** A structured logger (NDJSON on standard error) whose lines carry the node's name. */
export function createLogger(node: string, level: string): Logger {
  return pino({ level, base: { node, pid: process.pid } }, pino.destination({ dest: 2, sync: true }))
}
