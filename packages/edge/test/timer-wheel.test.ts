import assert from 'node:assert/strict'
import { TICK_MS, TimerWheel, type WheelEntry } from '@fivetuple/edge'
import fc from 'fast-check'
import t from 'tap'

class Entry implements WheelEntry<Entry> {
  readonly id: number
  wheelTick = -1
  wheelNext: Entry | undefined
  wheelPrevious: Entry | undefined

  constructor(id: number) {
    this.id = id
  }
}

/** The same by looking at everything each time: who is due when, and nothing else. */
class NaiveTimers {
  readonly deadlines = new Map<number, number>()
  /** Ticks at which they fire. */
  readonly #ticks = new Map<number, number>()

  /** A deadline fires at the first tick that is not before it and after the one of its filing. */
  file(id: number, deadline: number, now: number): void {
    this.deadlines.set(id, deadline)
    this.#ticks.set(id, Math.max(Math.ceil(deadline / TICK_MS), Math.floor(now / TICK_MS) + 1))
  }

  remove(id: number): void {
    this.deadlines.delete(id)
    this.#ticks.delete(id)
  }

  /** Time at which an entry fires, ms. */
  firesAt(id: number): number {
    return this.#ticks.get(id)! * TICK_MS
  }

  /** Earliest of those times. */
  get earliest(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#ticks.values()) * TICK_MS
  }
}

/**
 * A wheel as an edge uses it: a deadline moves to and fro, is filed each time it does, and who is fired too early asks
 * again.
 */
class Wheel {
  readonly entries: readonly Entry[]
  readonly wheel: TimerWheel<Entry>
  readonly naive = new NaiveTimers()
  readonly fired: { readonly id: number; readonly lateMs: number }[] = []
  #now: number

  constructor(entries: number, now: number) {
    this.entries = Array.from({ length: entries }, (_, id) => new Entry(id))
    this.wheel = new TimerWheel(now)
    this.#now = now
  }

  get now(): number {
    return this.#now
  }

  file(id: number, deadline: number): void {
    if (deadline === Number.POSITIVE_INFINITY) this.naive.remove(id)
    else this.naive.file(id, deadline, this.#now)
    this.wheel.file(this.entries[id]!, deadline, this.#now)
  }

  remove(id: number): void {
    this.naive.remove(id)
    this.wheel.remove(this.entries[id]!)
  }

  /** Lets time pass, in one step or as a timer would that is armed for the wheel's deadline. */
  advance(ms: number, byDeadlines: boolean, onFired: (id: number) => void = () => {}): void {
    const until = this.#now + ms
    while (byDeadlines && this.wheel.deadline() <= until) {
      const before = this.#now
      this.#now = Math.max(this.#now, this.wheel.deadline())
      this.#fire(onFired)
      assert(this.#now > before || this.wheel.deadline() > before, 'no deadline comes again and again')
    }
    this.#now = until
    this.#fire(onFired)
    this.check()
  }

  #fire(onFired: (id: number) => void): void {
    this.wheel.advance(this.#now, (entry) => {
      assert.equal(entry.wheelTick, -1, 'who is fired is not filed any more')
      const deadline = this.naive.deadlines.get(entry.id)
      if (deadline === undefined) return // its deadline was taken back without taking it off, as flows do
      if (deadline > this.#now) {
        this.wheel.file(entry, deadline, this.#now)
        return
      }
      this.fired.push({ id: entry.id, lateMs: this.#now - this.naive.firesAt(entry.id) })
      this.naive.remove(entry.id)
      onFired(entry.id)
    })
  }

  check(): void {
    const { earliest } = this.naive
    assert(earliest > this.#now, `due since ${this.#now - earliest} ms and not fired`)
    assert(this.wheel.deadline() <= earliest, `asks for ${this.wheel.deadline()} where ${earliest} is due`)
  }
}

const ENTRIES = 12
/** Delays as flows have them, and such as go round the wheel more than once. */
const delay = fc.oneof(fc.nat(60), fc.nat(2_000), fc.nat(70_000), fc.constant(Number.POSITIVE_INFINITY))
const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('file' as const), id: fc.nat(ENTRIES - 1), delay }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), id: fc.nat(ENTRIES - 1) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      ms: fc.oneof(fc.nat(40), fc.nat(3_000), fc.nat(50_000)),
      byDeadlines: fc.boolean(),
      /** What is filed again from within. */
      again: fc.array(fc.nat(500), { maxLength: 3 }),
    }),
  },
)

t.test('everything fires, not before its time and not a tick after it', async () => {
  fc.assert(
    fc.property(fc.nat(10_000), fc.array(operation, { maxLength: 60 }), (start, operations) => {
      const w = new Wheel(ENTRIES, start / 7)
      for (const op of operations) {
        if (op.kind === 'file') w.file(op.id, w.now + op.delay)
        else if (op.kind === 'remove') w.remove(op.id)
        else {
          const again = [...op.again]
          w.advance(op.ms, op.byDeadlines, (id) => {
            const ms = again.pop()
            if (ms !== undefined) w.file(id, w.now + ms)
          })
        }
        w.check()
      }
      const waiting = w.naive.deadlines.size
      w.fired.length = 0
      w.advance(200_000, true)
      assert.equal(w.fired.length, waiting, 'all that waited came')
      for (const { lateMs } of w.fired) assert(lateMs === 0, `${lateMs} ms late`)
      assert.equal(w.wheel.deadline(), Number.POSITIVE_INFINITY, 'and nothing is left')
    }),
    { numRuns: 300 },
  )
})

t.test('a deadline that moves with each packet does not touch the wheel', async (t) => {
  const entry = new Entry(0)
  const wheel = new TimerWheel<Entry>(0)
  wheel.file(entry, 500, 0)
  const { wheelTick } = entry
  for (let now = 1; now < 400; now++) wheel.file(entry, now + 500, now)
  t.equal(entry.wheelTick, wheelTick)
  t.equal(wheel.deadline(), 500)
  let fired = 0
  wheel.advance(500, () => fired++)
  t.equal(fired, 1)
})

t.test('what is filed for an earlier time than before fires once', async (t) => {
  const wheel = new TimerWheel<Entry>(0)
  const entry = new Entry(0)
  wheel.file(entry, 500, 0)
  wheel.file(entry, 100, 0)
  t.equal(wheel.deadline(), 100)
  const fired: number[] = []
  for (let now = 0; now <= 1_000; now += 10) wheel.advance(now, () => fired.push(now))
  t.same(fired, [100])
  t.equal(wheel.deadline(), Number.POSITIVE_INFINITY)
})

t.test('a wheel that was idle for long starts from the present', async (t) => {
  const wheel = new TimerWheel<Entry>(0)
  const entry = new Entry(0)
  wheel.file(entry, 1_000_020, 1_000_000)
  t.equal(wheel.deadline(), 1_000_020)
})

t.test('an entry that fires late and is filed beyond the wheel does not fire again at once', async (t) => {
  const wheel = new TimerWheel<Entry>(0)
  const entry = new Entry(0)
  wheel.file(entry, 50, 0)
  let fired = 0
  for (let late = 0; late <= 3 * TICK_MS; late += TICK_MS) {
    const now = wheel.deadline() + late
    wheel.advance(now, () => {
      assert(++fired < 100, 'it goes on without end')
      wheel.file(entry, now + 60_000, now)
    })
  }
  t.equal(fired, 4)
})
