import { detectionTimeMs, jitteredIntervalMs, transmitIntervalMs } from '@fivetuple/bfd'
import fc from 'fast-check'
import t from 'tap'
import { fromPeer } from './from-peer.js'
import { pair, pairUp } from './two-sessions.js'

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

t.test('jitter takes 0 to 25 %, or 10 to 25 % with a multiplier of 1 (RFC 5880 §6.8.7)', (t) => {
  fc.assert(
    fc.property(chance, fc.integer({ min: 1, max: 255 }), (drawn, multiplier) => {
      const ms = jitteredIntervalMs(1_000, multiplier, drawn)
      return ms >= 750 && ms <= (multiplier === 1 ? 900 : 1_000)
    }),
  )
  t.equal(jitteredIntervalMs(1_000, 3, 0), 1_000)
  t.equal(jitteredIntervalMs(1_000, 1, 0), 900)
  t.equal(jitteredIntervalMs(1_000, 3, 0.5), 875)
  t.end()
})

t.test('detection time and transmit interval', (t) => {
  t.equal(detectionTimeMs(3, 300, 100), 900)
  t.equal(detectionTimeMs(5, 100, 1_000), 5_000)
  t.equal(transmitIntervalMs(300, 50), 300)
  t.equal(transmitIntervalMs(50, 300), 300)
  t.equal(transmitIntervalMs(50, 0), Number.POSITIVE_INFINITY)
  t.end()
})

for (const detectMultiplier of [1, 3])
  t.test(`gaps between packets of a session with multiplier ${detectMultiplier}`, (t) => {
    const { clock, a } = pairUp({ detectMultiplier })
    const since = clock.now
    clock.advance(60_000)
    const times = a.sent(since).map(({ at }) => at)
    const gaps = times.slice(1).map((at, i) => at - times[i]!)
    t.ok(gaps.length >= 60_000 / 300 - 1, `${gaps.length} packets`)
    t.ok(Math.min(...gaps) >= 225 - 1e-6 && Math.max(...gaps) <= (detectMultiplier === 1 ? 270 : 300) + 1e-6)
    t.ok(Math.max(...gaps) - Math.min(...gaps) > 30, 'they vary')
    t.end()
  })

t.test('not Up, packets leave once a second (RFC 5880 §6.8.3)', (t) => {
  const { clock, a, b } = pair()
  b.loses = () => true
  a.loses = () => true
  clock.advance(20_000)
  const times = a.sent().map(({ at }) => at)
  t.ok(times.length >= 20 && times.length <= 27, `${times.length} packets`)
  for (const { packet } of a.sent()) t.equal(packet.desiredMinTxUs, 1_000_000)
  t.end()
})

t.test('a peer that wants no packets gets none periodically (RFC 5880 §6.8.7)', (t) => {
  const { clock, a } = pairUp()
  a.handle({ type: 'packet', bytes: fromPeer(a, { requiredMinRxUs: 0 }) })
  t.equal(a.session.status().transmitIntervalMs, Number.POSITIVE_INFINITY)
  const since = clock.now
  a.peer!.loses = () => true
  clock.advance(800)
  t.equal(a.sent(since).length, 0)
  a.handle({ type: 'packet', bytes: fromPeer(a, { requiredMinRxUs: 100_000 }) })
  t.equal(a.session.status().transmitIntervalMs, 300)
  t.ok(a.session.deadline() <= clock.now + 300)
  t.end()
})
