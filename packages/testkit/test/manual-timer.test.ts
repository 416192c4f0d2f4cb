import { ManualClock, ManualTimer } from '@fivetuple/testkit'
import t from 'tap'

t.test('it fires at the earliest deadline, and again when armed again', async (t) => {
  const clock = new ManualClock()
  const fired: number[] = []
  const timer = new ManualTimer(clock, () => {
    fired.push(clock.now)
    return clock.now < 30 ? clock.now + 10 : Number.POSITIVE_INFINITY
  })
  timer.arm(20)
  timer.arm(25)
  timer.arm(10)
  clock.advance(100)
  t.strictSame(fired, [10, 20, 30])
  t.equal(clock.nextAt, Number.POSITIVE_INFINITY)
})

t.test('once closed it does not fire', async (t) => {
  const clock = new ManualClock()
  const timer = new ManualTimer(clock, () => t.fail('fired') as never)
  timer.arm(5)
  timer.close()
  timer.arm(6)
  t.equal(clock.nextAt, Number.POSITIVE_INFINITY)
})
