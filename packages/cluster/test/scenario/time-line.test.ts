import t from 'tap'
import type { Scenario } from '../../dist/scenario/scenario.js'
import { runTimeLine } from '../../dist/scenario/time-line.js'

type Event = Scenario['events'][number]
const event = (command: string, time: Partial<Event>): Event => ({
  command,
  operation: undefined as never,
  parameters: {},
  atMs: undefined,
  whenConverged: false,
  afterMs: 0,
  ...time,
})

t.test('events run in order, with their errors and the time until routes converge', async (t) => {
  let now = 0
  const ran: string[] = []
  const records = await runTimeLine(
    [event('a', { atMs: 1 }), event('b', { whenConverged: true }), event('c', { afterMs: 1 })],
    {
      run: async ({ command }) => {
        ran.push(command)
        now += 10
        if (command === 'b') throw new Error('no such LB')
      },
      untilConverged: async () => {
        now += 5
      },
    },
    () => now,
    new AbortController().signal,
    () => {},
  )
  t.same(ran, ['a', 'b', 'c'])
  t.same(
    records.map(({ command, error }) => [command, error]),
    [
      ['a', null],
      ['b', 'no such LB'],
      ['c', null],
    ],
  )
  t.ok(records.every(({ convergedMs, startedMs, endedMs }) => convergedMs !== null && endedMs - startedMs === 10))
})

t.test('the end of the load ends the time line; what was not due is not in the record', async (t) => {
  const end = new AbortController()
  const records = await runTimeLine(
    [event('a', { atMs: 0 }), event('b', { atMs: 1_000_000 })],
    {
      run: async () => {},
      untilConverged: (signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    },
    () => 0,
    end.signal,
    () => setImmediate(() => end.abort()),
  )
  t.match(records, [{ command: 'a', convergedMs: null }])
  t.equal(records.length, 1)
})
