import { strict as assert } from 'node:assert'
import { LbWithSessions } from './lb-with-sessions.js'
import type { MicroBench } from './micro-bench.js'

const MILLION = 1_000_000
/** Sessions that live during the churn. */
const STANDING = 100_000
const STEP = 1_024
/** Idle time, so that `STEP` new sessions a round leave `STANDING` of them alive. */
const ROUND_MS = 10
const IDLE_MS = (STANDING / STEP) * ROUND_MS

/** Benches of the cost of sessions besides their packets. */
export const sessionBenches: readonly MicroBench[] = [
  { name: `session: handshake and expiry, ${STANDING} alive`, prepare: () => churn(false) },
  { name: `session: the same, with records, ${STANDING} alive`, prepare: () => churn(true) },
  { name: 'a session, of 100000', build: () => new LbWithSessions(100_000), count: 100_000 },
  { name: 'a session, of 1000000', build: () => new LbWithSessions(MILLION), count: MILLION },
]

/** Sessions begin with three packets, are idle, and expire; about as many live all the time. */
function churn(isRecording: boolean): () => number {
  const lb = new LbWithSessions(0, 4 * STANDING, IDLE_MS, isRecording)
  let now = 0
  let opened = 0
  const turn = (): number => {
    now += ROUND_MS
    for (let i = 0; i < STEP; i++) lb.open(opened++ % MILLION, now)
    lb.forwarder.onTimeout(now)
    lb.forwarder.recorder?.takeRows(4 * STEP)
    return STEP
  }
  while (now < 3 * IDLE_MS) turn()
  return () => {
    const done = turn()
    const { sessionCount } = lb.forwarder
    assert(sessionCount > STANDING * 0.9 && sessionCount < STANDING * 1.4, `${sessionCount} sessions`)
    return done
  }
}
