import { outagesOf, Recorder, type Slot } from '@fivetuple/client'
import t from 'tap'

t.test('separates successes and failures', (t) => {
  const recorder = new Recorder(5)
  recorder.add(0, 1, 10)
  recorder.add(50, 2, 20, 'ECONNRESET')
  recorder.add(310, 3, 30)
  recorder.add(60, 4, 40, 'TIMEOUT')
  recorder.add(70, 5, 50, 'ECONNRESET')
  t.equal(recorder.count, 5)
  t.match(recorder.latency(), { count: 2, min: 10, max: 30 })
  t.match(recorder.failureLatency(), { count: 3, min: 20, max: 50 })
  t.match(recorder.lag(), { count: 5, min: 1, max: 5 })
  t.same(Object.entries(recorder.errors()), [
    ['ECONNRESET', 2],
    ['TIMEOUT', 1],
  ])
  t.throws(() => recorder.add(80, 0, 1), 'no more than announced')
  t.end()
})

t.test('the series is ordered by due times, and has every slot', (t) => {
  const recorder = new Recorder(4)
  recorder.add(310, 0, 5)
  recorder.add(99.9, 0, 900)
  recorder.add(100, 0, 7, 'ECONNREFUSED')
  recorder.add(0, 0, 1)
  t.same(recorder.series(), [
    { atMs: 0, due: 2, completed: 2, failed: 0, p50: 1, p99: 900, max: 900 },
    { atMs: 100, due: 1, completed: 0, failed: 1, p50: null, p99: null, max: null },
    { atMs: 200, due: 0, completed: 0, failed: 0, p50: null, p99: null, max: null },
    { atMs: 300, due: 1, completed: 1, failed: 0, p50: 5, p99: 5, max: 5 },
  ])
  t.same(new Recorder(0).series(), [])
  t.end()
})

t.test('slots with failures make outages', (t) => {
  const slots = (text: string): Slot[] =>
    [...text].map((c, i) => {
      const failed = Number(c)
      return { atMs: i * 100, due: 10, completed: 10 - failed, failed, p50: null, p99: null, max: null }
    })
  t.same(outagesOf(slots('0000'), 100), [])
  t.same(outagesOf(slots('0120'), 100), [{ fromMs: 100, toMs: 300, due: 20, failed: 3 }])
  t.equal(outagesOf(slots('100002'), 100).length, 1, 'a short pause does not end one')
  t.same(outagesOf(slots('1000000002'), 100), [
    { fromMs: 0, toMs: 100, due: 10, failed: 1 },
    { fromMs: 900, toMs: 1000, due: 10, failed: 2 },
  ])
  t.end()
})
