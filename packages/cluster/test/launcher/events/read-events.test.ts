import t from 'tap'
import type { StreamedEvent } from '../../../dist/launcher/events/event.js'
import { EventRig } from './event-rig.js'

const seqs = (events: readonly StreamedEvent[]): number[] => events.map(({ seq }) => seq)

/** A log of `count` events of three nodes and two kinds. */
function filled(count: number, kept?: number): EventRig {
  const rig = new EventRig(kept)
  for (let i = 1; i <= count; i++) {
    const node = `lb-${(i % 3) + 1}`
    if (i % 2 === 0) rig.events.happened({ kind: 'role.ready' }, node, 0)
    else
      rig.events.happened({ kind: 'warning', file: 'x', line: i, column: 1, path: '', problem: '', remedy: '' }, node)
  }
  return rig
}

t.test('a reader selects by place, kind, node and cause', async (t) => {
  const rig = filled(9)
  t.same(seqs(await rig.read()), [1, 2, 3, 4, 5, 6, 7, 8, 9])
  t.same(seqs(await rig.read({ after: 6 })), [7, 8, 9])
  t.same(seqs(await rig.read({ after: 9 })), [])
  t.same(seqs(await rig.read({ kinds: ['role.ready'] })), [2, 4, 6, 8])
  t.same(seqs(await rig.read({ kinds: ['role'], nodes: ['lb-1', 'lb-2'] })), [4, 6])
  t.same(seqs(await rig.read({ kinds: ['rol'] })), [], 'the whole first word')
  const seq = rig.events.happened({ kind: 'stopping' })
  const child = rig.events.happened({ kind: 'role.ready' }, 'lb-1', seq)
  rig.events.happened({ kind: 'role.ready' }, 'lb-1', 1)
  const grandchild = rig.events.happened({ kind: 'role.ready' }, 'lb-1', child)
  t.same(seqs(await rig.read({ cause: seq })), [seq, child, grandchild])
})

t.test('the events of the last seconds are selected by the place behind which they begin', async (t) => {
  const rig = new EventRig()
  for (let i = 0; i < 5; i++) {
    rig.events.happened({ kind: 'stopping' })
    await rig.timers.pass(1_000)
  }
  t.equal(rig.events.placeBefore(2_000), 3)
  t.equal(rig.events.placeBefore(60_000), 0)
  t.equal(rig.events.placeBefore(0), 5)
})

t.test('a reader that follows gets each event once, and ends with the log or its signal', async (t) => {
  const rig = filled(2)
  const gone = new AbortController()
  const followed: number[] = []
  const following = (async () => {
    for await (const { seq } of rig.events.read({}, true, gone.signal)) followed.push(seq)
  })()
  const ended = (async () => seqs(await collect(rig.events.read({ after: 2 }, true, new AbortController().signal))))()
  await rig.timers.pass(1)
  t.same(followed, [1, 2])
  rig.events.happened({ kind: 'stopping' })
  await rig.timers.pass(1)
  t.same(followed, [1, 2, 3])
  gone.abort()
  await following
  rig.events.happened({ kind: 'stopped' })
  rig.events.close()
  t.same(await ended, [3, 4])
  t.same(followed, [1, 2, 3])
})

t.test('a reader that is too slow gets the number of events that it has missed', async (t) => {
  const rig = filled(3, 5)
  const reader = rig.events.read({}, true, new AbortController().signal)
  t.equal((await reader.next()).value?.seq, 1)
  for (let i = 0; i < 7; i++) rig.events.happened({ kind: 'role.ready' }, 'lb-1', 0)
  t.match((await reader.next()).value, { kind: 'gap', from: 2, seq: 5, missed: 4, node: 'launcher' })
  t.equal((await reader.next()).value?.seq, 6)
  t.same(seqs(await rig.read()), [6, 7, 8, 9, 10], 'who asks for all that is kept misses nothing')
  t.match((await rig.read({ after: 1 }))[0], { kind: 'gap', from: 2, missed: 4 }, 'who resumes is told')
  t.match((await rig.read({ after: 1, kinds: ['role'] }))[0], { kind: 'gap' }, 'also with a filter')
  t.equal((await rig.read({ after: 5 }))[0]?.seq, 6)
})

t.test('a log keeps as many events as it is to, and no more', async (t) => {
  const rig = filled(25, 10)
  t.equal(rig.events.log.first, 16)
  t.equal(rig.events.log.at(15), undefined)
  t.equal(rig.events.log.at(26), undefined)
  t.equal(rig.events.log.at(16)?.seq, 16)
  t.equal(rig.seen.length, 25, 'its observer gets all')
})

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
