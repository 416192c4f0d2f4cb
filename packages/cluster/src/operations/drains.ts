import { setTimeout as sleep } from 'node:timers/promises'
import * as Type from 'typebox'
import type { Option } from './command.js'
import { waitForDrain } from './drain-wait.js'
import { duration } from './parsers.js'
import { Flag, optional } from './schemas.js'

// Parts that the drains of LBs and of backends share.

const DEADLINE_DEFAULT_MS = 60_000
const DEADLINE_MAX_MS = 86_400_000

/** Parameters of the wait for a drain. */
export const waiting = {
  /** Without `wait`, the response is the first state. */
  wait: optional(Flag),
  deadlineMs: optional(Type.Integer({ minimum: 0, maximum: DEADLINE_MAX_MS, title: 'at most 86400000 ms, one day' })),
}

export const waitOptions: readonly Option<{ wait?: boolean; deadlineMs?: number }>[] = [
  {
    flags: '--deadline <duration>',
    sets: 'deadlineMs',
    description: 'longest wait; if sessions are left then, the exit code is 1 (default: 60s)',
    parse: duration,
  },
  { flags: '--no-wait', sets: 'wait', description: "don't wait" },
]

/** Waits for a drain as requested. If the client goes away, the drain continues. */
export function drained<S extends { readonly draining: boolean; readonly sessions: number }>(
  first: S,
  read: () => Promise<S>,
  { wait = false, deadlineMs = DEADLINE_DEFAULT_MS }: { readonly wait?: boolean; readonly deadlineMs?: number },
  signal: AbortSignal,
) {
  return waitForDrain(first, {
    read,
    deadlineMs: wait ? deadlineMs : 0,
    signal,
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
    now: () => performance.now(),
  })
}
