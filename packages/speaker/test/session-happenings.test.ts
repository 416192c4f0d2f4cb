import { type ReportedHappening, Reporter } from '@fivetuple/runtime'
import t from 'tap'
import { SessionHappenings } from '../dist/session-happenings.js'

t.test('a session explains the routes that it begins or ends with, and no others', async (t) => {
  let now = 0
  const reports: ReportedHappening[] = []
  const reporter = new Reporter({
    send: (batch) => reports.push(...batch),
    nowUs: () => 0,
    atEndOfTurn: (call) => call(),
  })
  const sessions = new SessionHappenings(
    { report: (...of) => reporter.report(...of), during: (cause, run) => reporter.during(cause, run) } as Reporter,
    { now: () => now },
  )
  t.equal(sessions.causeOf('lb-1', true, now), 0, 'there was no session')
  sessions.onLinkUp('lb-1', 41)
  sessions.onEstablished('lb-1')
  t.equal(sessions.causeOf('lb-1', true, now), 1)
  t.equal(sessions.causeOf('lb-1', false, now), 0, 'a prefix that is withdrawn while the session lasts')
  now = 5_000
  t.equal(sessions.causeOf('lb-1', true, now), 0, 'a prefix that is announced much later')
})

t.test('BFD is the cause of what follows from its verdict', async (t) => {
  const batches: (readonly ReportedHappening[])[] = []
  const turns: (() => void)[] = []
  const reporter = new Reporter({
    send: (batch) => batches.push(batch),
    nowUs: () => 0,
    atEndOfTurn: (call) => turns.push(call),
  })
  const sessions = new SessionHappenings(reporter, { now: () => 0 })
  sessions.onEstablished('lb-1')
  sessions.onPath('lb-1', 'failed', 'detection time expired', () => sessions.onDown('lb-1', 'bfd', 'BFD Down'))
  sessions.onPath('lb-1', 'unknown', 'admin down', () => {})
  sessions.onPath('lb-1', 'working', '', () => {})
  sessions.onEstablished('lb-1')
  t.equal(sessions.causeOf('lb-1', true, 0), 5)
  for (const call of turns) call()
  t.same(
    batches[0]?.map(({ kind, id, cause }) => [kind, id, cause]),
    [
      ['bgp.up', 1, undefined],
      ['bfd.down', 2, undefined],
      ['bgp.down', 3, 2],
      ['bfd.up', 4, undefined],
      ['bgp.up', 5, 4],
    ],
  )
})
