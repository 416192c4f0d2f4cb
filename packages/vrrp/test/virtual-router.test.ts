import {
  activeDownIntervalMs,
  decodeAdvertisement,
  skewTimeMs,
  VirtualRouter,
  type VirtualRouterConfig,
  type VirtualRouterInput,
} from '@fivetuple/vrrp'
import t from 'tap'

const OWN = 0x0a00_0005
const LOWER = 0x0a00_0004
const HIGHER = 0x0a00_0006
const CONFIG: VirtualRouterConfig = {
  vrid: 7,
  localAddress: OWN,
  priority: 100,
  adverIntervalMs: 1_000,
  preempt: true,
  addresses: [0x0a00_0101],
}
/** 3 s and 156/256 s: RFC 9568 §6.1 with the values of CONFIG. */
const DOWN_MS = 3_609.375
const SKEW_MS = 609.375

/** A virtual router and the time; what it says is noted as words. */
class Bench {
  readonly router: VirtualRouter
  now = 0

  constructor(change: Partial<VirtualRouterConfig> = {}) {
    this.router = new VirtualRouter({ ...CONFIG, ...change })
  }

  give(input: VirtualRouterInput): string {
    this.router.handle(input, this.now)
    const words: string[] = []
    for (let output = this.router.poll(); output !== undefined; output = this.router.poll())
      if (output.type === 'state') words.push(output.state)
      else {
        const decoded = decodeAdvertisement(output.bytes)
        words.push(decoded.ok ? `sends ${decoded.value.priority}` : decoded.fault)
      }
    return words.join(', ')
  }

  hear(from: number, priority: number, adverIntervalMs = 1_000): string {
    const { vrid, addresses } = CONFIG
    return this.give({ type: 'advertisement', from, advertisement: { vrid, priority, adverIntervalMs, addresses } })
  }

  /** Lets the deadline come. */
  expire(): string {
    this.now = this.router.deadline()
    return this.give({ type: 'timeout' })
  }

  active(): this {
    this.give({ type: 'startup' })
    this.expire()
    return this
  }
}

t.test('timing of RFC 9568 §6.1', (t) => {
  t.equal(skewTimeMs(100, 1_000), SKEW_MS)
  t.equal(activeDownIntervalMs(100, 1_000), DOWN_MS)
  t.equal(skewTimeMs(254, 1_000), 7.8125)
  t.equal(skewTimeMs(1, 256), 255)
  t.end()
})

t.test('starts as a backup, becomes Active, advertises, resigns', (t) => {
  const bench = new Bench()
  t.equal(bench.router.deadline(), Number.POSITIVE_INFINITY)
  t.equal(bench.give({ type: 'startup' }), 'backup')
  t.equal(bench.router.deadline(), DOWN_MS)
  t.equal(bench.router.activeAddress, undefined)
  bench.now = DOWN_MS - 1
  t.equal(bench.give({ type: 'timeout' }), '', 'not yet')
  t.equal(bench.expire(), 'sends 100, active')
  t.equal(bench.router.activeAddress, OWN)
  t.equal(bench.router.deadline(), DOWN_MS + 1_000)
  t.equal(bench.expire(), 'sends 100')
  t.equal(bench.give({ type: 'startup' }), '', 'it has started')
  t.equal(bench.give({ type: 'shutdown' }), 'sends 0, initialize')
  t.equal(bench.router.deadline(), Number.POSITIVE_INFINITY)
  t.equal(bench.router.activeAddress, undefined)
  t.end()
})

t.test('a backup follows the Active router', (t) => {
  const bench = new Bench()
  bench.give({ type: 'startup' })
  bench.now = 500
  t.equal(bench.hear(LOWER, 100), '', 'an equal is not contested')
  t.equal(bench.router.activeAddress, LOWER)
  t.equal(bench.router.deadline(), 500 + DOWN_MS)
  bench.now = 600
  bench.hear(HIGHER, 101, 2_000)
  t.equal(bench.router.deadline(), 600 + 2 * DOWN_MS, 'the interval is the Active router’s')
  bench.now = 700
  bench.hear(LOWER, 99)
  t.equal(bench.router.deadline(), 600 + 2 * DOWN_MS, 'an inferior one is not heeded')
  bench.now = 800
  t.equal(bench.hear(HIGHER, 0), '')
  t.equal(bench.router.deadline(), 800 + 2 * SKEW_MS, 'resigned: only the skew is waited')
  t.equal(bench.router.activeAddress, undefined)
  t.equal(bench.give({ type: 'shutdown' }), 'initialize', 'a backup has nothing to resign')
  bench.give({ type: 'startup' })
  t.equal(bench.router.deadline(), 800 + DOWN_MS, 'a new start does not know the old interval')
  t.end()
})

t.test('without preemption a backup follows any Active router', (t) => {
  const bench = new Bench({ preempt: false })
  bench.give({ type: 'startup' })
  bench.now = 3_000
  t.equal(bench.hear(LOWER, 1), '')
  t.equal(bench.router.activeAddress, LOWER)
  t.equal(bench.router.deadline(), 3_000 + DOWN_MS)
  t.end()
})

t.test('two Active routers agree', (t) => {
  for (const [from, priority, outcome] of [
    [LOWER, 101, 'backup'],
    [HIGHER, 100, 'backup'],
    [LOWER, 100, 'sends 100'],
    [HIGHER, 99, 'sends 100'],
    [HIGHER, 255, 'backup'],
    [HIGHER, 0, 'sends 100'],
  ] as const) {
    const bench = new Bench().active()
    bench.now += 10
    t.equal(bench.hear(from, priority, 2_000), outcome, `${from > OWN ? 'higher' : 'lower'} address, ${priority}`)
    const { state, activeAddress } = bench.router
    t.same([state, activeAddress], outcome === 'backup' ? ['backup', from] : ['active', OWN])
    if (outcome === 'backup') t.equal(bench.router.deadline(), bench.now + 2 * DOWN_MS)
  }
  t.end()
})

t.test('a response to an inferior router leaves the timer as it is, a resignation restarts it', (t) => {
  const bench = new Bench().active()
  const due = bench.router.deadline()
  bench.now += 10
  bench.hear(LOWER, 1)
  t.equal(bench.router.deadline(), due)
  bench.hear(LOWER, 0)
  t.equal(bench.router.deadline(), bench.now + 1_000)
  t.end()
})

t.test('on a cut link nothing is sent', (t) => {
  for (const bench of [new Bench().active(), new Bench()]) {
    bench.give({ type: 'startup' })
    t.equal(bench.give({ type: 'cut' }), 'initialize')
    t.equal(bench.router.deadline(), Number.POSITIVE_INFINITY)
    t.equal(bench.hear(HIGHER, 200), '', 'it takes no part')
    t.equal(bench.give({ type: 'cut' }), '')
  }
  t.end()
})
