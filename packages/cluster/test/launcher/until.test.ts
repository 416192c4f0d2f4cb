import t from 'tap'
import { until } from '../../dist/launcher/until.js'
import { VirtualTimers } from './virtual-timers.js'

/** A number that can be waited on. */
function counter() {
  const observers = new Set<() => void>()
  let value = 0
  return {
    get value() {
      return value
    },
    set(next: number) {
      value = next
      for (const observe of [...observers]) observe()
    },
    observers,
    subscribe(observe: () => void) {
      observers.add(observe)
      return () => observers.delete(observe)
    },
  }
}

t.test('a condition that holds is not waited for', async (t) => {
  const { after, size } = new VirtualTimers()
  t.equal(await until(counter(), () => true, { timeoutMs: 0, after }), true)
  t.equal(size, 0)
})

t.test('one that comes to hold ends the wait, and leaves nothing behind', async (t) => {
  const [on, timers] = [counter(), new VirtualTimers()]
  const wait = until(on, () => on.value === 2, { timeoutMs: 100, after: timers.after })
  on.set(1)
  t.equal(on.observers.size, 1)
  on.set(2)
  t.equal(await wait, true)
  t.same([on.observers.size, timers.size], [0, 0])
})

t.test('the timeout ends it, too', async (t) => {
  const [on, timers] = [counter(), new VirtualTimers()]
  const wait = until(on, () => false, { timeoutMs: 100, after: timers.after })
  await timers.pass(99)
  t.equal(on.observers.size, 1)
  await timers.pass(1)
  t.equal(await wait, false)
  t.same([on.observers.size, timers.size], [0, 0])
})

t.test('a signal ends it with its reason, before or while it waits', async (t) => {
  const [on, timers, controller] = [counter(), new VirtualTimers(), new AbortController()]
  const options = { timeoutMs: 100, after: timers.after, signal: controller.signal }
  const wait = until(on, () => false, options)
  controller.abort(new Error('stopped'))
  await t.rejects(wait, { message: 'stopped' })
  await t.rejects(
    until(on, () => true, options),
    { message: 'stopped' },
  )
  t.same([on.observers.size, timers.size], [0, 0])
})

t.test('a condition that throws rejects the wait', async (t) => {
  const [on, timers] = [counter(), new VirtualTimers()]
  const condition = () => {
    if (on.value > 0) throw new Error('broken')
    return false
  }
  const wait = until(on, condition, { timeoutMs: 100, after: timers.after })
  on.set(1)
  await t.rejects(wait, { message: 'broken' })
})
