import t from 'tap'
import { CONNECT_TIMEOUT_MS, type ConnectStep, connectStep, TRIES_MAX } from '../../dist/data-plane/connect-step.js'

const EARLY = CONNECT_TIMEOUT_MS - 1
const LAST = TRIES_MAX - 1

t.test('the reaction to each event, over all situations of a half-open session', async (t) => {
  const situations = [0, LAST].flatMap((tries) =>
    [EARLY, CONNECT_TIMEOUT_MS].flatMap((ageMs) =>
      [true, false].flatMap((mayTakeFlows) =>
        [true, false].map((hasSyn) => ({ tries, ageMs, mayTakeFlows, hasSyn, isLate: ageMs > EARLY })),
      ),
    ),
  )
  t.equal(situations.length, 16)
  for (const { tries, ageMs, mayTakeFlows, hasSyn, isLate } of situations) {
    const isLast = tries === LAST
    const expected: Record<'repeated' | 'failed' | 'port-in-use', ConnectStep> = {
      repeated: isLate ? 'leave-after-timeout' : !mayTakeFlows && !isLast ? 'leave' : 'wait',
      failed: hasSyn && !isLast ? 'retry' : 'report',
      'port-in-use': hasSyn && !isLate ? 'change-port' : 'report',
    }
    for (const event of ['repeated', 'failed', 'port-in-use'] as const)
      t.equal(
        connectStep(event, tries, ageMs, mayTakeFlows, hasSyn),
        expected[event],
        `${event}: ${tries} tries, ${ageMs} ms, ${mayTakeFlows ? 'eligible' : 'not eligible'}, ${hasSyn ? 'SYN kept' : 'no SYN'}`,
      )
  }
})

t.test('a few situations by hand', async (t) => {
  t.equal(connectStep('repeated', 0, 200, true, true), 'wait', 'a duplicate of the SYN')
  t.equal(connectStep('repeated', 0, 1_000, true, true), 'leave-after-timeout', 'the repetition after a second')
  t.equal(connectStep('repeated', 0, 200, false, true), 'leave', 'the backend has been drained meanwhile')
  t.equal(connectStep('failed', 0, 1, true, true), 'retry', 'RST, or port unreachable')
  t.equal(connectStep('failed', 2, 1, true, true), 'report', 'the third backend refuses')
  t.equal(connectStep('failed', 0, 1, true, false), 'report', 'the SYN was too long to be kept')
  t.equal(connectStep('port-in-use', 2, 1, true, true), 'change-port', 'ports are no tries')
})
