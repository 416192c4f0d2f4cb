import type { ConfigPath, Report } from './config-error.js'
import { MAX_DURATION_MS, MIN_DURATION_MS } from './limits.js'

/** Reports a duration that is out of range for every timer. */
export function checkDuration(ms: number, path: ConfigPath, report: Report): void {
  if (ms >= MIN_DURATION_MS && ms <= MAX_DURATION_MS) return
  report(path, `is ${ms} ms`, `it must be from ${MIN_DURATION_MS} ms to ${MAX_DURATION_MS / 3_600_000} h`)
}
