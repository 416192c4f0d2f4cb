import t from 'tap'
import { RequestQueue } from '../dist/request-queue.js'

/** A queue whose connection is played by the test. */
function played() {
  const begun: ((error?: string) => void)[] = []
  const cancelled: number[] = []
  const queue = new RequestQueue((finish) => {
    const number = begun.push(finish as (error?: string) => void) - 1
    return () => cancelled.push(number)
  })
  return { queue, begun, cancelled }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('sends one request at a time, in order', async (t) => {
  const { queue, begun } = played()
  const done: string[] = []
  queue.send((error) => done.push(`a ${error}`))
  queue.send((error) => done.push(`b ${error}`))
  t.equal(begun.length, 1)
  begun[0]?.('ECONNRESET')
  begun[0]?.('twice')
  t.equal(begun.length, 1, 'the next one begins when the caller has returned')
  await turn()
  t.equal(begun.length, 2)
  begun[1]?.()
  await turn()
  t.same(done, ['a ECONNRESET', 'b undefined'])
  queue.send((error) => done.push(`c ${error}`))
  t.equal(begun.length, 3, 'an idle connection begins at once')
})

t.test('a request that waits and is given up is not sent', async (t) => {
  const { queue, begun, cancelled } = played()
  const done: string[] = []
  queue.send(() => done.push('a'))
  const abandon = queue.send(() => done.push('b'))
  queue.send(() => done.push('c'))
  abandon()
  begun[0]?.()
  await turn()
  t.equal(begun.length, 2)
  begun[1]?.()
  t.same(done, ['a', 'c'])
  t.same(cancelled, [])
})

t.test('a request under way that is given up keeps the connection until it has ended', async (t) => {
  const { queue, begun, cancelled } = played()
  const done: string[] = []
  const abandon = queue.send(() => done.push('a'))
  queue.send(() => done.push('b'))
  abandon()
  t.same([cancelled, begun.length], [[0], 1])
  begun[0]?.('TIMEOUT')
  await turn()
  begun[1]?.()
  t.same(done, ['b'])
})
