import { monotonicClock } from '@fivetuple/runtime'
import t from 'tap'
import { PreciseTimer } from '../../dist/link-faults/precise-timer.js'

t.test('deadlines are met in order and never early, dense ones too', async (t) => {
  const start = monotonicClock.now()
  const deadlines = [0.2, 0.4, 2, 2.1, 2.2, 7.5, 30].map((ms) => start + ms)
  const lateMs: number[] = []
  await new Promise<void>((resolve) => {
    const timer = new PreciseTimer(monotonicClock, (now) => {
      for (let next = deadlines[0]; next !== undefined && next <= now; next = deadlines[0]) {
        lateMs.push(now - next)
        deadlines.shift()
      }
      if (deadlines.length === 0) resolve()
      return deadlines[0] ?? Number.POSITIVE_INFINITY
    })
    timer.arm(deadlines.at(-1)!)
    timer.arm(deadlines[0]!)
  })
  t.equal(lateMs.length, 7)
  t.ok(lateMs.every((late) => late >= 0))
})

t.test('a closed timer stays silent', async (t) => {
  const timer = new PreciseTimer(monotonicClock, () => {
    t.fail('fired')
    return Number.POSITIVE_INFINITY
  })
  timer.arm(monotonicClock.now() + 1)
  timer.close()
  timer.arm(monotonicClock.now())
  await new Promise((resolve) => setTimeout(resolve, 5))
})
