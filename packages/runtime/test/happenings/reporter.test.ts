import t from 'tap'
import { Value } from 'typebox/value'
import { HAPPENING_KINDS, HappeningBatch } from '../../dist/happenings/kinds.js'
import { type Happening, type ReportedHappening, Reporter } from '../../dist/index.js'

const UP: Happening = { kind: 'bgp.up', neighbor: 'lb-1' }

function connect() {
  const batches: (readonly ReportedHappening[])[] = []
  const turns: (() => void)[] = []
  const taken: (() => void)[] = []
  let now = 0
  const reporter = new Reporter({
    send: (batch, onSent) => {
      batches.push(batch)
      taken.push(onSent)
    },
    nowUs: () => now,
    atEndOfTurn: (call) => turns.push(call),
  })
  return {
    reporter,
    batches,
    turns,
    /** Ends the turn of the event loop. */
    endTurn: () => {
      for (const call of turns.splice(0)) call()
    },
    /** The channel takes the batches that were sent. */
    take: () => {
      for (const onSent of taken.splice(0)) onSent()
    },
    setTime: (us: number) => {
      now = us
    },
  }
}

t.test('reports of one turn are one message, with time, number and cause', async (t) => {
  const { reporter, batches, endTurn, setTime } = connect()
  setTime(7)
  const down = reporter.report({ kind: 'link.down', lb: 'lb-2', side: 'uplink', reason: 'reset' })
  setTime(9)
  reporter.report({ kind: 'bgp.down', neighbor: 'lb-2', detector: 'carrier', reason: 'no carrier' }, down)
  t.equal(batches.length, 0, 'nothing is sent within the turn')
  endTurn()
  t.same(batches, [
    [
      { id: 1, mono: 7, kind: 'link.down', lb: 'lb-2', side: 'uplink', reason: 'reset' },
      { id: 2, mono: 9, cause: 1, kind: 'bgp.down', neighbor: 'lb-2', detector: 'carrier', reason: 'no carrier' },
    ],
  ])
  t.ok(Value.Check(HappeningBatch, batches[0]), 'they satisfy the schemas of their kinds')
})

t.test('what is reported during a cause has it, unless it names another', async (t) => {
  const { reporter, batches, endTurn } = connect()
  const first = reporter.report(UP)
  const result = reporter.during(first, () => {
    reporter.report(UP)
    reporter.during(9, () => reporter.report(UP))
    reporter.report(UP, 0)
    t.equal(reporter.cause, first)
    return 'result'
  })
  t.equal(result, 'result')
  t.throws(() =>
    reporter.during(first, () => {
      throw new Error('own bug')
    }),
  )
  reporter.report(UP)
  endTurn()
  t.same(
    batches[0]?.map(({ cause }) => cause),
    [undefined, 1, 9, undefined, undefined],
  )
})

t.test('while the channel has not taken a message, reports wait; those beyond the limit are counted', async (t) => {
  const { reporter, batches, turns, endTurn, take } = connect()
  reporter.report(UP)
  endTurn()
  const ids = Array.from({ length: 1_030 }, () => reporter.report(UP))
  t.equal(turns.length, 0, 'nothing is scheduled')
  t.same(ids.slice(1_023), [1_025, 0, 0, 0, 0, 0, 0])
  take()
  endTurn()
  t.equal(batches.length, 2)
  t.equal(batches[1]?.length, 1_025)
  t.match(batches[1]?.at(-1), { id: 1_026, kind: 'reports.dropped', count: 6 })
  take()
  t.equal(turns.length, 0, 'nothing waits any more')
  t.equal(reporter.report(UP), 1_027)
})

t.test('each kind has a summary, and refuses fields of another kind', async (t) => {
  t.ok(Object.keys(HAPPENING_KINDS).length > 10)
  for (const [kind, { summary }] of Object.entries(HAPPENING_KINDS)) {
    t.match(summary, /^[A-Z].*\.$/, kind)
    t.match(kind, /^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/, kind)
  }
  t.notOk(Value.Check(HappeningBatch, [{ id: 1, mono: 1, kind: 'bgp.up', neighbor: 'lb-1', lb: 'lb-1' }]))
  t.notOk(Value.Check(HappeningBatch, [{ id: 1, mono: 1, kind: 'bgp.sideways', neighbor: 'lb-1' }]))
})
