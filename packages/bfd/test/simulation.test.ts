import { type BfdInput, BfdSession, encodeControlPacket } from '@fivetuple/bfd'
import { seededRandom } from '@fivetuple/faults'
import fc from 'fast-check'
import t from 'tap'
import { controlPackets } from './generators.js'
import { type End, FAST, type Pair, pair } from './two-sessions.js'

const SEEDS = 200

t.test('random loss, delay, restarts and AdminDown', (t) => {
  let failures = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed)
    const authentication =
      random.int(3) === 0 ? { type: 'meticulous-keyed-sha1' as const, keyId: 1, key: Uint8Array.of(seed) } : undefined
    const shared = { detectMultiplier: 1 + random.int(4), ...(authentication && { authentication }) }
    const ends = pair({ ...shared, desiredMinTxMs: 50 + random.int(400) }, shared, seed, random.int(30))
    const disabled = new Set<End>()
    for (let step = 0; step < 60; step++) {
      const [end, loss] = [random.int(2) === 0 ? ends.a : ends.b, random.next() ** 2]
      const kind = random.int(6)
      if (kind === 0) {
        end.handle({ type: 'disable' })
        disabled.add(end)
      } else if (kind === 1) {
        end.handle({ type: 'enable' })
        disabled.delete(end)
      } else if (kind === 2)
        end.handle({
          type: 'configure',
          desiredMinTxMs: 20 + random.int(2_000),
          requiredMinRxMs: 20 + random.int(2_000),
        })
      else end.loses = () => random.next() < loss
      ends.clock.advance(random.int(3_000))
      check(ends, disabled, seed)
    }
    for (const end of [ends.a, ends.b]) {
      end.loses = () => false
      end.handle({ type: 'enable' })
      failures += end.session.status().counters.failures
    }
    // Twice the longest detection time, for authentication, and the handshake at one packet a second.
    ends.clock.advance(2 * 4 * 2_020 + 10_000)
    for (const end of [ends.a, ends.b])
      if (end.session.path !== 'working') t.fail(`seed ${seed}: ${JSON.stringify(end.session.status())}`)
  }
  t.ok(failures > SEEDS, `${failures} failures were detected`)
  t.end()

  function check({ a, b, clock }: Pair, disabled: ReadonlySet<End>, seed: number): void {
    for (const end of [a, b]) {
      const { state, path, counters, transmitIntervalMs } = end.session.status()
      const bad =
        (state === 'admin-down') !== disabled.has(end) ||
        (state === 'up') !== (path === 'working') ||
        (path === 'failed' && counters.failures === 0) ||
        end.session.deadline() <= clock.now ||
        transmitIntervalMs < (state === 'up' ? 20 : 1_000)
      if (bad) t.fail(`seed ${seed} at ${clock.now}: ${JSON.stringify(end.session.status())}`)
    }
    // Failed verdicts come from Up by silence or the peer's Down, never from AdminDown.
    for (const end of [a, b])
      for (const { output } of end.outputs.splice(0)) {
        if (output.type === 'path' && output.path === 'failed' && /admin-down|AdminDown|disabled/.test(output.reason))
          t.fail(`seed ${seed}: ${output.reason}`)
      }
  }
})

t.test('the same seed, the same run', (t) => {
  const run = () => {
    const { clock, a, random } = pair({}, {}, 42)
    a.loses = () => random.int(2) === 0
    clock.advance(60_000)
    return a.sent().map(({ at }) => at)
  }
  t.same(run(), run())
  t.end()
})

t.test('any inputs in any order: no throw, bounded output, a deadline', (t) => {
  const inputs: fc.Arbitrary<BfdInput> = fc.oneof(
    fc.record({ type: fc.constant('packet' as const), bytes: fc.uint8Array({ maxLength: 60 }) }),
    controlPackets.map((packet) => ({
      type: 'packet' as const,
      bytes: encodeControlPacket({ ...packet, yourDiscriminator: packet.yourDiscriminator & 1 }),
    })),
    fc.constantFrom<BfdInput>({ type: 'timeout' }, { type: 'disable' }, { type: 'enable' }),
    fc.record({ type: fc.constant('lag' as const), lagMs: fc.nat(5_000) }),
    fc.record({
      type: fc.constant('configure' as const),
      desiredMinTxMs: fc.integer({ min: 1, max: 5_000 }),
      requiredMinRxMs: fc.integer({ min: 1, max: 5_000 }),
    }),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(inputs, fc.nat(2_000)), { maxLength: 60 }), (steps) => {
      const session = new BfdSession({ localDiscriminator: 1, ...FAST, random: () => 0.5 }, 0)
      let now = 0
      for (const [input, waitMs] of steps) {
        now += waitMs
        session.handle(input, now)
        session.handle({ type: 'timeout' }, now)
        let count = 0
        while (session.poll() !== undefined) count++
        if (count > 9 || session.deadline() <= now || Number.isNaN(session.deadline())) return false
      }
      return true
    }),
    { numRuns: 500 },
  )
  t.end()
})

t.test('without loss no change of intervals looks like a failure', (t) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed)
    const shared = { detectMultiplier: 2 + random.int(3) }
    // Round trips are longer than some intervals, so that Finals of one Poll Sequence arrive in the next.
    const { clock, a, b } = pair(shared, shared, seed, random.int(100))
    clock.advance(5_000)
    for (let step = 0; step < 60; step++) {
      const end = random.int(2) === 0 ? a : b
      end.handle({
        type: 'configure',
        desiredMinTxMs: 20 + random.int(3_000) * random.int(2),
        requiredMinRxMs: 20 + random.int(3_000) * random.int(2),
      })
      clock.advance(random.int(300) * (random.int(10) === 0 ? 20 : 1))
    }
    if (a.session.status().counters.failures + b.session.status().counters.failures > 0) t.fail(`seed ${seed}`)
  }
  t.end()
})
