import { BfdSession, DIAGNOSTICS } from '@fivetuple/bfd'
import t from 'tap'
import { fromPeer } from './from-peer.js'
import { type End, FAST, packetOf, pair, pairUp } from './two-sessions.js'

t.test('Up after the three-way handshake', (t) => {
  const { clock, a, b } = pair()
  clock.advance(10)
  t.same([a.session.state, b.session.state], ['up', 'up'])
  // Both Down packets cross, so both ends pass through Init.
  t.same(a.states(), ['init', 'up'])
  t.same(b.states(), ['init', 'up'])
  t.same(
    a.sent().map(({ packet }) => packet.state),
    ['down', 'init', 'up', 'up'],
    'the last one is the response to the Poll',
  )
  t.same(a.paths(), ['working'])
  clock.advance(1_000)
  t.match(a.session.status(), { detectionTimeMs: 900, transmitIntervalMs: 300, isPolling: false, remoteState: 'up' })
  t.match(a.session.status(), { localDiscriminator: 1, remoteDiscriminator: 2, diagnostic: 0 })
  t.end()
})

t.test('a passive end waits for the first packet', (t) => {
  const { clock, a, b } = pair({}, { passive: true })
  t.equal(b.session.deadline(), Number.POSITIVE_INFINITY)
  clock.advance(10)
  t.same([a.session.state, b.session.state], ['up', 'up'])
  t.same(b.states(), ['init', 'up'])
  t.same(a.states(), ['up'], 'Init of the peer is enough')
  a.loses = () => true
  clock.advance(20_000)
  t.equal(b.session.state, 'down')
  t.equal(b.session.deadline(), Number.POSITIVE_INFINITY, 'silent again')
  a.loses = () => false
  clock.advance(3_000)
  t.same([a.session.state, b.session.state], ['up', 'up'])
  t.end()
})

t.test('two passive ends never send', (t) => {
  const { clock, a, b } = pair({ passive: true }, { passive: true })
  clock.advance(60_000)
  t.equal(a.sent().length + b.sent().length, 0)
  t.end()
})

t.test('detection time to the microsecond', (t) => {
  const { clock, a } = pairUp()
  a.peer!.loses = () => true
  clock.advance(1.5) // what is under way arrives
  const { detectionTimeMs } = a.session.status()
  const last = a.peer!.sent().at(-1)!.at + 1
  clock.runUntil(last + detectionTimeMs - 0.001)
  t.equal(a.session.state, 'up')
  clock.runUntil(last + detectionTimeMs)
  t.equal(a.session.state, 'down')
  t.match(a.session.status(), { diagnostic: DIAGNOSTICS.detectionTimeExpired, remoteDiscriminator: 0, path: 'failed' })
  t.match(a.outputs.find(({ output }) => output.type === 'path' && output.path === 'failed')?.output, {
    reason: 'no packet for 900 ms',
  })
  t.equal(a.session.status().counters.failures, 1)
  t.end()
})

t.test('two of three packets may be lost', (t) => {
  const { clock, a, b } = pairUp()
  let count = 0
  a.loses = () => count++ % 3 !== 0
  clock.advance(60_000)
  t.same([a.session.state, b.session.state], ['up', 'up'])
  t.same(b.paths(), ['working'])
  t.end()
})

t.test('loss in one direction is detected at both ends', (t) => {
  const { clock, a, b } = pairUp()
  const since = clock.now
  a.loses = () => true
  clock.advance(902)
  t.same([a.session.state, b.session.state], ['down', 'down'])
  t.equal(b.session.status().diagnostic, DIAGNOSTICS.detectionTimeExpired)
  t.equal(a.session.status().diagnostic, DIAGNOSTICS.neighborSignaledDown)
  t.equal(a.session.status().remoteDiagnostic, DIAGNOSTICS.detectionTimeExpired)
  t.same([a.session.path, b.session.path], ['failed', 'failed'])
  clock.advance(30_000)
  t.notOk([...a.states(), ...b.states()].includes('admin-down'))
  t.notOk(b.session.state === 'up' || a.session.state === 'up', 'one direction is not enough')
  t.ok(b.sent(since + 2_000).every(({ packet }) => packet.yourDiscriminator === 0 && packet.state !== 'up'))
  a.loses = () => false
  clock.advance(2_100)
  t.same([a.session.path, b.session.path], ['working', 'working'])
  t.equal(a.session.status().diagnostic, 0)
  t.end()
})

t.test('new intervals are announced by a Poll Sequence', (t) => {
  const { clock, a, b } = pairUp()
  a.handle({ type: 'configure', desiredMinTxMs: 1_000, requiredMinRxMs: 50 })
  t.match(a.session.status(), { isPolling: true, transmitIntervalMs: 300, detectionTimeMs: 900 }, 'not yet in force')
  b.loses = ({ final }) => final
  clock.advance(850)
  const polls = a.sent(clock.now - 700).map(({ packet }) => packet)
  t.ok(polls.length >= 2, 'repeated at the old interval while the Final is lost')
  for (const packet of polls) t.match(packet, { poll: true, desiredMinTxUs: 1_000_000, requiredMinRxUs: 50_000 })
  t.match(a.session.status(), { isPolling: true, transmitIntervalMs: 300, detectionTimeMs: 900 })
  t.equal(b.session.status().detectionTimeMs, 3_000, 'the detection time of the peer is longer first')
  b.loses = () => false
  clock.advance(310)
  t.match(a.session.status(), { isPolling: false, transmitIntervalMs: 1_000, detectionTimeMs: 900 })
  clock.advance(60_000)
  t.same(a.paths().concat(b.paths()), ['working', 'working'])
  b.handle({ type: 'configure', desiredMinTxMs: 50, requiredMinRxMs: 300 })
  clock.advance(1_100)
  t.match(b.session.status(), { isPolling: false, transmitIntervalMs: 50 })
  t.equal(a.session.status().detectionTimeMs, 150)
  clock.advance(10_000)
  t.same(a.paths().concat(b.paths()), ['working', 'working'])
  t.end()
})

t.test('a change during a Poll Sequence waits for its end', (t) => {
  const { clock, a, b } = pairUp()
  a.handle({ type: 'configure', desiredMinTxMs: 500, requiredMinRxMs: 300 })
  a.handle({ type: 'configure', desiredMinTxMs: 700, requiredMinRxMs: 300 })
  clock.advance(305)
  t.equal(b.session.status().detectionTimeMs, 1_500)
  t.match(a.session.status(), { isPolling: true, transmitIntervalMs: 500 })
  clock.advance(2_000)
  t.equal(b.session.status().detectionTimeMs, 2_100)
  t.match(a.session.status(), { isPolling: false, transmitIntervalMs: 700 })
  t.end()
})

t.test('a Poll leads to a response at once, with Final and without Poll', (t) => {
  const { clock, a } = pairUp()
  const since = clock.now
  a.handle({ type: 'configure', desiredMinTxMs: 400, requiredMinRxMs: 300 })
  a.handle({ type: 'packet', bytes: fromPeer(a, { poll: true }) })
  const [first] = a.sent(since)
  t.match(first, { at: since, packet: { final: true, poll: false } })
  t.end()
})

t.test('restart of one end with a new discriminator', (t) => {
  const { clock, b, a } = pairUp()
  b.restart({ localDiscriminator: 77, ...FAST, random: () => 0.5 })
  clock.advance(10)
  t.same([a.session.state, b.session.state], ['up', 'up'])
  t.equal(a.session.status().remoteDiscriminator, 77)
  t.same(a.states().slice(-2), ['down', 'up'], 'the restart is seen')
  t.same(a.paths(), ['working', 'failed', 'working'])
  t.end()
})

t.test('AdminDown is no failure at either end (RFC 5882 §3.2)', (t) => {
  const { clock, a, b } = pairUp()
  a.handle({ type: 'disable' })
  clock.advance(30_000)
  t.same([a.session.state, b.session.state], ['admin-down', 'down'])
  t.same([a.session.path, b.session.path], ['unknown', 'unknown'])
  t.same([b.session.status().diagnostic, b.session.status().remoteDiagnostic], [3, 7])
  t.equal(b.session.status().counters.failures, 0)
  t.notOk([...a.paths(), ...b.paths()].includes('failed'))
  a.handle({ type: 'enable' })
  clock.advance(1_100)
  t.same([a.session.state, b.session.state], ['up', 'up'])
  t.end()
})

t.test('AdminDown is no failure although packets of it are lost', (t) => {
  const { clock, a, b } = pairUp({ desiredMinTxMs: 50 }, { requiredMinRxMs: 50 })
  t.equal(b.session.status().detectionTimeMs, 150)
  let lost = 0
  a.loses = ({ state }) => state === 'admin-down' && lost++ < 2
  a.handle({ type: 'disable' })
  clock.advance(10_000)
  t.equal(lost > 2, true)
  t.same(b.paths(), ['working', 'unknown'])
  t.end()
})

t.test('AdminDown after a failure takes the verdict back', (t) => {
  const { clock, a, b } = pairUp()
  a.loses = () => true
  clock.advance(2_000)
  t.equal(b.session.path, 'failed')
  a.loses = () => false
  a.handle({ type: 'disable' })
  clock.advance(10)
  t.equal(b.session.path, 'unknown')
  t.end()
})

t.test('an end that was not scheduled does not declare Down by its own delay', (t) => {
  for (const isReported of [true, false]) {
    const { clock, a, b } = pairUp()
    b.loses = () => true
    clock.advance(500)
    b.loses = () => false
    a.isPaused = true
    clock.advance(500) // our last packet is at most 300 ms older, so the peer is still Up
    t.ok(a.waiting.length > 0 && a.session.deadline() < clock.now)
    const { counters } = a.session.status()
    a.resume(isReported ? 500 : undefined)
    t.equal(a.session.status().counters.failures - counters.failures, isReported ? 0 : 1)
    if (isReported) t.match(a.session.status().counters, { lags: 1, excusedLags: 1 })
  }
  t.end()
})

t.test('lag does not hide a peer that is gone', (t) => {
  const { clock, a, b } = pairUp()
  b.loses = () => true
  for (let i = 0; i < 20; i++) {
    clock.advance(90)
    a.handle({ type: 'lag', lagMs: 10 })
  }
  t.equal(a.session.path, 'failed')
  t.equal(a.session.status().counters.lags, 20)
  t.end()
})

t.test('Demand mode is refused in the open', (t) => {
  const { clock, a } = pairUp()
  const since = clock.now
  for (let i = 0; i < 3; i++) a.handle({ type: 'packet', bytes: fromPeer(a, { demand: true }) })
  t.equal(a.outputs.filter(({ output }) => output.type === 'demand-refused').length, 1)
  t.equal(a.session.status().counters.demandRefused, 1)
  clock.advance(650)
  t.ok(a.sent(since).length >= 2, 'periodic packets continue')
  t.ok(a.sent().every(({ packet }) => !packet.demand))
  t.end()
})

t.test('without carrier nothing is sent, received or judged', (t) => {
  const { clock, a, b } = pairUp()
  const lostAt = clock.now
  for (const end of [a, b]) end.handle({ type: 'carrier', isUp: false })
  for (const end of [a, b]) {
    const { state, path, diagnostic, remoteState, counters } = end.session.status()
    t.same(
      { state, path, diagnostic, remoteState },
      { state: 'down', path: 'unknown', diagnostic: 5, remoteState: 'down' },
    )
    t.equal(counters.failures, 0, 'the carrier is another detector')
    t.equal(end.session.deadline(), Number.POSITIVE_INFINITY)
    t.same(end.states().slice(-1), ['down'])
  }
  a.handle({ type: 'packet', bytes: fromPeer(a, { yourDiscriminator: 0, state: 'down' }) })
  a.handle({ type: 'configure', desiredMinTxMs: 100, requiredMinRxMs: 100 })
  clock.advance(60_000)
  t.equal(a.sent(lostAt).length + b.sent(lostAt).length, 0)
  t.equal(a.session.status().counters.discarded['no-carrier'], 1)
  for (const end of [a, b]) end.handle({ type: 'carrier', isUp: true })
  clock.advance(2_000)
  t.same([a.session.path, b.session.path], ['working', 'working'])
  t.same(a.paths(), ['working', 'unknown', 'working'])
  t.equal(a.session.status().detectionTimeMs, 900)
  t.end()
})

t.test('carrier that is lost in Down or AdminDown, or twice, changes no state', (t) => {
  const { clock, a } = pair()
  a.handle({ type: 'carrier', isUp: false })
  a.handle({ type: 'carrier', isUp: false })
  t.same(a.states(), [])
  a.handle({ type: 'disable' })
  a.handle({ type: 'enable' })
  clock.advance(10_000)
  t.equal(a.session.state, 'down')
  t.equal(a.sent(clock.now - 9_000).length, 0, 'it is silent in each state')
  a.handle({ type: 'carrier', isUp: true })
  clock.advance(2_000)
  t.equal(a.session.state, 'up')
  t.end()
})

t.test('lost carrier after a failure takes the verdict back', (t) => {
  const { clock, a } = pairUp()
  a.peer!.loses = () => true
  clock.advance(2_000)
  t.equal(a.session.path, 'failed')
  a.handle({ type: 'carrier', isUp: false })
  t.equal(a.session.path, 'unknown')
  t.equal(a.session.status().counters.failures, 1)
  t.end()
})

t.test('a flood of Polls leads to no flood of Finals', (t) => {
  const { clock, a } = pairUp()
  const since = clock.now
  const poll = () => a.handle({ type: 'packet', bytes: fromPeer(a, { poll: true }) })
  for (let i = 0; i < 1_000; i++) poll()
  t.equal(a.sent(since).filter(({ packet }) => packet.final).length, 3)
  t.equal(a.session.status().counters.finalsSuppressed, 997)
  const later = clock.now + 1
  for (let i = 0; i < 100; i++) {
    clock.advance(225) // the shortest interval that jitter leaves of 300 ms
    poll()
  }
  t.equal(a.sent(later).filter(({ packet }) => packet.final).length, 100, 'a peer that keeps to the interval is served')
  t.end()
})

t.test('packets that the session discards', (t) => {
  const { a } = pairUp()
  const before = a.session.status()
  const offered = [
    fromPeer(a, { yourDiscriminator: 99, state: 'down' }),
    fromPeer(a, { yourDiscriminator: 0 }),
    fromPeer(a, { yourDiscriminator: 0, state: 'init' }),
    fromPeer(a, { authentication: { type: 'simple-password', keyId: 0, password: Uint8Array.of(1) } }),
    fromPeer(a, {}).subarray(0, 23),
  ]
  for (const bytes of offered) a.handle({ type: 'packet', bytes })
  const { state, counters } = a.session.status()
  t.equal(state, 'up')
  t.equal(counters.received, before.counters.received)
  t.same(counters.discarded, {
    'your-discriminator': 1,
    'no-discriminator': 2,
    'authentication-unexpected': 1,
    truncated: 1,
  })
  a.handle({ type: 'disable' })
  const since = a.sent().length
  a.handle({ type: 'packet', bytes: fromPeer(a, { poll: true }) })
  t.equal(a.session.status().counters.discarded['admin-down'], 1)
  t.equal(a.sent().length, since, 'not even to a Poll is there a response')
  t.end()
})

t.test('Up of the peer does not bring up an end in Down', (t) => {
  const session = new BfdSession({ localDiscriminator: 1, ...FAST, random: () => 0 }, 0)
  const end = { session: { status: () => ({ localDiscriminator: 1, remoteDiscriminator: 2 }) } } as unknown as End
  session.handle({ type: 'packet', bytes: fromPeer(end, {}) }, 0)
  t.equal(session.state, 'down')
  t.end()
})

t.test('the README example', (t) => {
  const session = new BfdSession(
    { localDiscriminator: 1, desiredMinTxMs: 300, requiredMinRxMs: 300, detectMultiplier: 3, random: () => 0 },
    0,
  )
  t.equal(session.deadline(), 0)
  session.handle({ type: 'timeout' }, 0)
  const output = session.poll()
  t.match(output?.type === 'send' && packetOf(output.bytes), { state: 'down', myDiscriminator: 1 })
  t.equal(session.poll(), undefined)
  t.equal(session.deadline(), 1_000)
  t.end()
})
