import assert from 'node:assert/strict'
import { parsePrefix } from '@fivetuple/packet'
import { Fib, fillBuckets, Resilient, type ResilientOptions, type Selector } from '@fivetuple/switch'
import fc from 'fast-check'
import t from 'tap'

const BUCKETS = 100
const IDLE_MS = 30_000
const PREFIX = parsePrefix('127.20.10.1/32')!

/** One route's next hops and selector through changes, as a FIB keeps them; a bucket's number serves as a flow's hash. */
class Group {
  readonly #selection: Resilient
  nextHops: readonly number[]
  selector: Selector

  constructor(nextHops: readonly number[], options: Partial<ResilientOptions> = {}) {
    this.#selection = new Resilient({ buckets: BUCKETS, idleTimerMs: IDLE_MS, unbalancedTimerMs: 0, ...options })
    this.nextHops = nextHops
    this.selector = this.#selection.build(nextHops)
  }
  change(nextHops: readonly number[]): void {
    this.selector = this.#selection.build(nextHops, this)
    this.nextHops = nextHops
  }
  rebalance(now: number): void {
    this.selector = this.#selection.rebalance(this, now)
  }
  use(...buckets: number[]): void {
    for (const bucket of buckets) this.selector.use(bucket)
  }
  /** The port of each bucket. */
  get ports(): number[] {
    return Array.from({ length: BUCKETS }, (_, bucket) => this.nextHops[this.selector.select(bucket)]!)
  }
  share(port: number): number {
    return this.ports.filter((one) => one === port).length
  }
}

const everyBucket = Array.from({ length: BUCKETS }, (_, bucket) => bucket)
const movedFrom = (before: readonly number[], after: readonly number[]): number[] =>
  before.flatMap((port, bucket) => (port === after[bucket] ? [] : [bucket]))

t.test('next hops that come before there is traffic get their share at once', async (t) => {
  const group = new Group([1])
  for (const nextHops of [
    [1, 2],
    [1, 2, 3],
    [1, 2, 3, 4],
  ])
    group.change(nextHops)
  t.same(
    [1, 2, 3, 4].map((port) => group.share(port)),
    [25, 25, 25, 25],
  )
})

t.test('a next hop that goes leaves its buckets to the others, evenly; a new one gets idle buckets', async (t) => {
  const group = new Group([1, 2, 3, 4])
  group.use(...everyBucket)
  group.rebalance(1_000)
  const before = group.ports
  group.change([1, 2, 4])
  t.same(
    movedFrom(before, group.ports),
    everyBucket.filter((bucket) => before[bucket] === 3),
  )
  t.same([1, 2, 4].map((port) => group.share(port)).sort(), [33, 33, 34])

  const without = group.ports
  group.use(...everyBucket)
  group.change([1, 2, 3, 4])
  t.same(group.ports, without, 'all are in use: nothing moves')
  group.rebalance(2_000)
  group.use(...everyBucket.slice(10))
  group.rebalance(31_999)
  t.same(group.ports, without, 'nor before the idle timer is over')
  group.rebalance(32_000)
  const moved = movedFrom(without, group.ports)
  t.ok(moved.length > 0 && moved.every((bucket) => bucket < 10), `idle buckets move: ${moved}`)
  t.ok(moved.every((bucket) => group.ports[bucket] === 3))
  group.rebalance(200_000)
  t.equal(group.share(3), 25, 'with time it has its share')
})

t.test('the unbalanced timer moves what is in use, no sooner', async (t) => {
  const group = new Group([1, 2], { unbalancedTimerMs: 10_000 })
  group.use(...everyBucket)
  group.rebalance(0)
  group.change([1, 2, 3])
  for (let now = 1_000; now <= 10_000; now += 1_000) {
    group.use(...everyBucket)
    group.rebalance(now)
    t.equal(group.share(3), 0)
  }
  group.use(...everyBucket)
  group.rebalance(11_000)
  t.same([1, 2, 3].map((port) => group.share(port)).sort(), [33, 33, 34])
})

t.test('with one next hop, too, buckets are known to be in use', async (t) => {
  const group = new Group([1])
  t.ok(group.selector.recordsUse)
  group.use(...everyBucket)
  group.change([1, 2])
  t.equal(group.share(2), 0)
})

t.test('routes that share a selector go their own ways', async (t) => {
  const other = parsePrefix('127.20.10.2/32')!
  const selection = new Resilient({ buckets: BUCKETS, idleTimerMs: IDLE_MS, unbalancedTimerMs: 0 })
  const route = (prefix: typeof PREFIX, nextHops: number[]) => ({ prefix, nextHops, cost: 0 })
  const first = Fib.empty(selection).with([route(PREFIX, [1, 2]), route(other, [1, 2])])
  const selectorOf = (fib: Fib, { address }: typeof PREFIX) => fib.lookup(address)!.selector
  t.equal(selectorOf(first, PREFIX), selectorOf(first, other))
  const second = first.with([route(PREFIX, [1])])
  selectorOf(second, other).use(0)
  const third = second.with([route(PREFIX, [1, 2]), route(other, [1, 2, 3])])
  t.not(selectorOf(third, other).select(0), 2, 'used by one route')
  t.equal(first.rebalanced(0), first)
  t.equal(third.rebalanced(0), third, 'an unused bucket moves with the change, and nothing waits')
})

t.test('a FIB moves idle buckets as time goes by, as another snapshot', async (t) => {
  const selection = new Resilient({ buckets: BUCKETS, idleTimerMs: IDLE_MS, unbalancedTimerMs: 0 })
  const route = (nextHops: number[]) => ({ prefix: PREFIX, nextHops, cost: 0 })
  const first = Fib.empty(selection).with([route([1])])
  for (const bucket of everyBucket) first.lookup(PREFIX.address)!.selector.use(bucket)
  const second = first.with([route([1, 2])])
  const counts = (fib: Fib) => everyBucket.filter((b) => fib.lookup(PREFIX.address)!.selector.select(b) === 1).length
  t.equal(counts(second), 0)
  t.equal(second.rebalanced(1_000), second)
  const third = second.rebalanced(31_000)
  t.equal(third.version, second.version + 1)
  t.equal(counts(third), 50)
  t.equal(counts(second), 0, 'the old snapshot stays as it is')
})

const hopSets = fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })
const step = fc.oneof(
  fc.record({ kind: fc.constant('change' as const), nextHops: hopSets }),
  fc.record({ kind: fc.constant('use' as const), bucket: fc.nat(BUCKETS - 1) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 10_000, 40_000) }),
)

t.test(
  'property: a bucket in use moves only when its next hop goes, and shares get even when nothing is in use',
  async () => {
    fc.assert(
      fc.property(hopSets, fc.array(step, { maxLength: 80 }), (first, steps) => {
        const group = new Group(first)
        const lastUsed = new Map<number, number>()
        let now = 0
        for (const step of steps) {
          const before = group.ports
          if (step.kind === 'use') {
            group.use(step.bucket)
            lastUsed.set(step.bucket, now)
          } else if (step.kind === 'wait') {
            group.rebalance(now) // an upkeep follows each use within a second
            now += step.ms
            group.rebalance(now)
          } else group.change(step.nextHops)
          for (const bucket of movedFrom(before, group.ports)) {
            const isInUse = lastUsed.has(bucket) && now - lastUsed.get(bucket)! < IDLE_MS
            assert.ok(!isInUse || !group.nextHops.includes(before[bucket]!), `bucket ${bucket} was in use`)
            lastUsed.delete(bucket)
          }
        }
        group.rebalance(now)
        group.rebalance(now + IDLE_MS)
        const shares = group.nextHops.map((port) => group.share(port))
        assert.ok(Math.max(...shares) - Math.min(...shares) <= 1, shares.join(' '))
      }),
      { numRuns: 300 },
    )
  },
)

t.test('property: next hops with too few get buckets, and no more move than necessary', async () => {
  const table = fc.integer({ min: 1, max: 9 }).chain((hops) =>
    fc.record({
      hops: fc.constant(hops),
      before: fc.array(fc.integer({ min: -1, max: hops - 1 }), { minLength: 1, maxLength: 60 }),
    }),
  )
  fc.assert(
    fc.property(table, fc.boolean(), ({ hops, before }, mayMove) => {
      const { table: after, isBalanced } = fillBuckets(Int32Array.from(before), hops, () => mayMove)
      const count = (list: Iterable<number>, index: number) => [...list].filter((one) => one === index).length
      const shares = Array.from({ length: hops }, (_, index) => count(after, index))
      assert.equal(count(after, -1), 0)
      assert.equal(isBalanced, Math.max(...shares) - Math.min(...shares) <= 1)
      assert.ok(isBalanced || !mayMove)
      const moved = before.filter((index, bucket) => index >= 0 && index !== after[bucket]).length
      if (!mayMove) assert.equal(moved, 0)
      const surplus = shares.reduce((sum, share, index) => sum + Math.max(0, count(before, index) - share), 0)
      assert.equal(moved, surplus, 'none is moved and another given back')
    }),
  )
})
