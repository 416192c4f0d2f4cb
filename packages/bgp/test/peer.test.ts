import { strict as assert } from 'node:assert'
import {
  CeaseSubcode,
  encodeKeepalive,
  encodeNotification,
  encodeOpen,
  encodeRouteRefresh,
  IPV4_UNICAST,
  MessageType,
} from '@fivetuple/bgp'
import { formatPrefix, hostPrefix, parsePrefix } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { header, hex } from './hex.js'
import { type Speaker, TwoSpeakers } from './two-speakers.js'

const VIP = hostPrefix(0x7f14_0a01)
const announced = ({ updates }: Speaker) =>
  updates.flatMap((update) => update.announced.flatMap(({ prefixes }) => prefixes.map(formatPrefix)))
const withdrawn = ({ updates }: Speaker) => updates.flatMap((update) => update.withdrawn.map(formatPrefix))
const count = (speaker: Speaker, type: number) => speaker.sent.filter((sent) => sent === type).length

t.test('one dials, the other waits: states of RFC 4271 in order', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
  two.assertEstablished()
  t.same(two.a.states, ['connect', 'open-sent', 'open-confirm', 'established'])
  t.same(two.b.states, ['active', 'open-sent', 'open-confirm', 'established'])
  t.match(two.b.machine.established, { open: { as: 65_001, routerId: 0x0a00_0001, holdTime: 9 }, since: Number })
  t.end()
})

t.test('both dial at once: the connection of the higher identifier is kept', (t) => {
  const two = new TwoSpeakers().start().run(10)
  two.assertEstablished()
  t.equal([...two.a.connections.values()][0]?.dialler, two.b)
  t.same([two.a.establishedCount, two.b.establishedCount], [1, 1])
  two.run(60_000)
  two.assertEstablished()
  t.same([two.a.downs, two.b.downs], [[], []], 'and nobody dials again')
  t.end()
})

t.test('equal identifiers: the higher AS number decides (RFC 6286)', (t) => {
  const two = new TwoSpeakers({ routerId: 7 }, { routerId: 7 }).start().run(10)
  two.assertEstablished()
  t.equal([...two.a.connections.values()][0]?.dialler, two.b)
  t.end()
})

t.test('routes: all at the start, then changes, and all again on request', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true })
  two.input(two.a, { type: 'announce', routes: [{ prefix: VIP, med: 5 }] })
  two.start().run(10)
  t.match(two.b.updates[0]?.announced, [
    { prefixes: [VIP], attributes: { med: 5, nextHop: 0x0a00_0001, asPath: [{ type: 2, asns: [65_001] }] } },
  ])
  t.same(two.b.updates[1], { withdrawn: [], announced: [], fault: undefined }, 'End-of-RIB')
  t.match(two.a.updates, [{ withdrawn: [], announced: [] }], 'End-of-RIB of one who has no routes')

  const other = parsePrefix('198.18.0.0/15')!
  two.input(two.a, { type: 'announce', routes: [{ prefix: other }, { prefix: VIP, med: 5 }] })
  two.run(10)
  t.same(announced(two.b), ['127.20.10.1/32', '198.18.0.0/15'], 'what the neighbour knows already is not repeated')
  two.input(two.a, { type: 'withdraw', prefixes: [VIP, parsePrefix('10.0.0.0/8')!] })
  two.run(10)
  t.same(withdrawn(two.b), ['127.20.10.1/32'])

  two.input(two.a, { type: 'bytes', side: 'dialled', bytes: encodeRouteRefresh(IPV4_UNICAST) })
  two.run(10)
  t.same(announced(two.b).slice(2), ['198.18.0.0/15'])
  two.breakConnections()
  two.run(1_000)
  t.same(announced(two.b).slice(3), ['198.18.0.0/15'], 'a new session starts from nothing')
  t.end()
})

t.test('a route that is withdrawn and announced unchanged is announced again', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
  for (const _ of [1, 2]) {
    two.input(two.a, { type: 'announce', routes: [{ prefix: VIP }] })
    two.input(two.a, { type: 'withdraw', prefixes: [VIP] })
    two.input(two.a, { type: 'withdraw', prefixes: [VIP] })
  }
  two.run(10)
  t.same(announced(two.b), ['127.20.10.1/32', '127.20.10.1/32'])
  t.same(withdrawn(two.b), ['127.20.10.1/32', '127.20.10.1/32'], 'and withdrawn once each time')
  t.end()
})

t.test('a peer that stopped dialling for a session dials again when it ends', (t) => {
  const two = new TwoSpeakers().start().run(10)
  t.equal([...two.a.connections.values()][0]?.dialler, two.b, 'the session is the one that b has dialled')
  two.run(20_000)
  t.equal(two.a.dials, 1)
  two.input(two.b, { type: 'stop', subcode: CeaseSubcode.ADMINISTRATIVE_SHUTDOWN })
  two.run(20_000)
  t.ok(two.a.dials > 3)
  t.end()
})

t.test('a peer that does not read gets only the difference once it does', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
  two.input(two.a, { type: 'blocked', side: 'dialled' })
  for (let i = 0; i < 1_000; i++) {
    two.input(two.a, { type: 'announce', routes: [{ prefix: VIP, med: i }, { prefix: hostPrefix(i) }] })
    two.input(two.a, { type: 'withdraw', prefixes: [hostPrefix(i)] })
  }
  t.equal(two.a.machine.counters().updatesOut, 1, 'End-of-RIB')
  two.input(two.a, { type: 'unblocked', side: 'dialled' })
  two.run(10)
  t.equal(two.a.machine.counters().updatesOut, 2)
  t.match(two.b.updates.at(-1)?.announced, [{ prefixes: [VIP], attributes: { med: 999 } }])
  t.end()
})

t.test('a peer that never reads is disconnected, although its KEEPALIVEs arrive (RFC 9687)', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
  two.input(two.a, { type: 'blocked', side: 'dialled' })
  two.run(17_900)
  t.equal(two.a.machine.state, 'established')
  two.run(200)
  t.match(two.a.downs, [/^sent send hold timer expired/])
  t.end()
})

t.test('hold time', (t) => {
  t.test('the smaller proposal applies, and KEEPALIVEs keep the session', (t) => {
    const two = new TwoSpeakers({ accepts: false, holdTime: 90 }, { passive: true, holdTime: 3 }).start().run(30_010)
    two.assertEstablished()
    const keepalives = count(two.a, MessageType.KEEPALIVE)
    t.ok(keepalives >= 30 && keepalives <= 42, `one per 0.75 to 1 s: ${keepalives} in 30 s`)
    t.end()
  })
  t.test('silence ends the session with code 4', (t) => {
    const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
    two.blackHole = true
    two.run(5_900)
    two.assertEstablished()
    two.run(3_200)
    t.match(two.a.downs, [/^sent hold timer expired/])
    t.match(two.b.downs, [/^sent hold timer expired/])
    t.equal(count(two.a, MessageType.NOTIFICATION), 1)
    two.blackHole = false
    two.run(10_000)
    two.assertEstablished()
    t.end()
  })
  t.test('0 means none: no KEEPALIVEs, no end', (t) => {
    const two = new TwoSpeakers({ accepts: false, holdTime: 0 }, { passive: true }).start().run(10)
    two.blackHole = true
    two.run(3_600_000)
    two.assertEstablished()
    t.equal(count(two.a, MessageType.KEEPALIVE), 1)
    t.end()
  })
  t.test('1 and 2 throw', (t) => {
    t.throws(() => new TwoSpeakers({ holdTime: 2 }), /hold time/)
    t.end()
  })
  t.test('a connection without an OPEN is closed', (t) => {
    const two = new TwoSpeakers({ passive: true })
    two.input(two.a, { type: 'start' })
    two.input(two.a, { type: 'connected', side: 'accepted' })
    two.run(9_999)
    t.equal(two.a.machine.state, 'open-sent')
    two.run(2)
    t.not(two.a.machine.state, 'open-sent')
    t.end()
  })
  t.end()
})

t.test('the carrier gates the session', (t) => {
  const two = new TwoSpeakers({ accepts: false, linkUp: false }, { passive: true }).start().run(10_000)
  t.equal(two.a.machine.state, 'idle')
  t.equal(two.a.connections.size, 0)
  two.input(two.a, { type: 'link-up' })
  two.run(10)
  two.assertEstablished()
  const sent = two.a.sent.length
  two.input(two.a, { type: 'link-down' })
  t.equal(two.a.machine.state, 'idle', 'at once')
  t.match(two.a.downs, ['the link has no carrier'])
  t.equal(two.a.sent.length, sent, 'without a word')
  two.run(60_000)
  t.equal(two.a.machine.state, 'idle')
  two.input(two.b, { type: 'link-down' })
  t.match(two.b.machine.connectionRefusal, /no carrier/)
  two.input(two.b, { type: 'link-up' })
  two.input(two.a, { type: 'link-up' })
  two.run(10)
  two.assertEstablished()
  t.end()
})

t.test('stop sends Cease, and the session stays down', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
  two.input(two.b, { type: 'stop', subcode: CeaseSubcode.ADMINISTRATIVE_SHUTDOWN })
  two.run(60_000)
  t.match(two.a.downs, ['received Cease, administrative shutdown (6/2)'])
  t.equal(two.b.machine.state, 'idle')
  t.not(two.b.machine.state, 'established', 'no session is accepted without a KEEPALIVE')
  t.equal(two.b.machine.counters().notificationsOut, 1)
  two.input(two.b, { type: 'start' })
  two.run(6_000)
  two.assertEstablished()
  t.end()
})

t.test('pauses between attempts grow up to the longest and restart with the carrier', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true })
  two.refuse = true
  const dials: number[] = []
  const input = two.input.bind(two)
  two.input = (speaker, event) => {
    if (speaker === two.a && event.type === 'transport-lost') dials.push(two.clock.now)
    input(speaker, event)
  }
  two.start().run(30_000)
  const gaps = dials.slice(1).map((at, i) => at - dials[i]!)
  t.equal(Math.round(gaps[0]! / 0.8), 251) // 250 × (0.75 + 0.25 × 0.2) and 1 ms each way
  t.ok(gaps.every((gap, i) => i === 0 || gap >= gaps[i - 1]! - 1e-6))
  t.ok(gaps.every((gap) => gap <= 5_001))
  two.input(two.a, { type: 'link-down' })
  two.refuse = false
  two.input(two.a, { type: 'link-up' })
  two.run(5)
  two.assertEstablished()
  t.end()
})

t.test('a newer connection replaces one without an OPEN, but not a session', (t) => {
  const two = new TwoSpeakers({ passive: true })
  two.input(two.a, { type: 'start' })
  t.equal(two.a.machine.connectionRefusal, undefined)
  two.input(two.a, { type: 'connected', side: 'accepted' })
  t.equal(two.a.machine.state, 'open-sent')
  t.equal(two.a.machine.connectionRefusal, undefined)
  const { a } = two
  const bytes = (b: Uint8Array) => two.input(a, { type: 'bytes', side: 'accepted', bytes: b })
  bytes(
    encodeOpen({ as: 4_200_000_002, holdTime: 9, routerId: 9, fourOctetAs: true, routeRefresh: false, families: [] }),
  )
  t.equal(a.machine.state, 'open-confirm')
  t.type(a.machine.connectionRefusal, 'string')
  bytes(encodeKeepalive())
  t.equal(a.machine.state, 'established')
  t.type(a.machine.connectionRefusal, 'string')
  t.end()
})

t.test('messages that violate the protocol, and the NOTIFICATIONs for them', (t) => {
  const open = (as: number, routerId = 9) =>
    encodeOpen({ as, holdTime: 9, routerId, fourOctetAs: true, routeRefresh: false, families: [] })
  const good = open(4_200_000_002)
  const keepalive = encodeKeepalive()
  const update = hex(`${header(23, 2)} 0000 0000`)
  const cases: [string, Uint8Array[], string][] = [
    ['garbage', [hex('00'.repeat(19))], '0101'],
    ['KEEPALIVE first', [keepalive], '0501'],
    ['UPDATE first', [update], '0501'],
    ['the wrong AS', [open(65_009)], '0202'],
    ['a second OPEN', [good, good], '0502'],
    ['UPDATE before KEEPALIVE', [good, update], '0502'],
    ['ROUTE-REFRESH before KEEPALIVE', [good, encodeRouteRefresh(IPV4_UNICAST)], '0502'],
    ['OPEN in a session', [good, keepalive, good], '0503'],
    ['an UPDATE that can not be read', [good, keepalive, hex(`${header(25, 2)} 0000 0000 21 ff`)], '030a'],
  ]
  for (const [name, messages, codes] of cases) {
    const two = new TwoSpeakers({ passive: true })
    const said: Uint8Array[] = []
    const { machine } = two.a
    const input = (event: Parameters<typeof machine.handle>[0]) => {
      machine.handle(event, 0)
      for (let output = machine.poll(); output !== undefined; output = machine.poll())
        if (output.type === 'send') said.push(output.bytes)
    }
    input({ type: 'start' })
    input({ type: 'connected', side: 'accepted' })
    input({ type: 'bytes', side: 'accepted', bytes: Buffer.concat(messages) })
    const last = said.at(-1)!
    t.equal(Buffer.from(last.subarray(18, 21)).toString('hex'), `03${codes}`, name)
    t.equal(machine.state, 'idle', `${name}: the peer has to wait`)
    t.ok(machine.deadline() > 0 && machine.deadline() <= 250)
  }
  t.end()
})

t.test('over a transport that breaks at random, sessions come back with the right routes', (t) => {
  const step = fc.record({
    ms: fc.integer({ min: 0, max: 4_000 }),
    act: fc.constantFrom('break', 'black-hole', 'refuse', 'restore', 'announce', 'withdraw', 'link', 'stop', 'start'),
    who: fc.constantFrom('a', 'b'),
    n: fc.nat(5),
  } as const)
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, bothDial) => {
      const two = bothDial ? new TwoSpeakers() : new TwoSpeakers({ accepts: false }, { passive: true })
      two.start()
      const wanted = { a: new Set<number>(), b: new Set<number>() }
      for (const { ms, act, who, n } of steps) {
        const speaker = two[who]
        if (act === 'break') two.breakConnections()
        if (act === 'black-hole') two.blackHole = true
        if (act === 'refuse') two.refuse = true
        if (act === 'restore') two.blackHole = two.refuse = false
        if (act === 'link') two.input(speaker, { type: n % 2 === 0 ? 'link-up' : 'link-down' })
        if (act === 'stop') two.input(speaker, { type: 'stop', subcode: CeaseSubcode.ADMINISTRATIVE_SHUTDOWN })
        if (act === 'start') two.input(speaker, { type: 'start' })
        if (act === 'announce') {
          wanted[who].add(n)
          two.input(speaker, { type: 'announce', routes: [{ prefix: hostPrefix(n) }] })
        }
        if (act === 'withdraw') {
          wanted[who].delete(n)
          two.input(speaker, { type: 'withdraw', prefixes: [hostPrefix(n)] })
        }
        two.run(ms)
      }
      two.blackHole = two.refuse = false
      for (const speaker of two.both) {
        two.input(speaker, { type: 'link-up' })
        two.input(speaker, { type: 'start' })
      }
      two.run(60_000)
      two.assertEstablished()
      // From a new session on, each knows exactly what the other announces.
      for (const speaker of two.both) speaker.updates.length = 0
      two.breakConnections()
      two.run(20_000)
      two.assertEstablished()
      assert.deepEqual(new Set(announced(two.b)), new Set([...wanted.a].map((n) => formatPrefix(hostPrefix(n)))))
      assert.deepEqual(new Set(announced(two.a)), new Set([...wanted.b].map((n) => formatPrefix(hostPrefix(n)))))
    }),
    { numRuns: 100 },
  )
  t.end()
})

t.test('a failed dial does not replace the last error', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
  const { machine } = two.a
  t.equal(machine.lastError, undefined)
  two.input(two.b, { type: 'stop', subcode: CeaseSubcode.ADMINISTRATIVE_SHUTDOWN })
  two.refuse = true
  two.run(30_000)
  t.match(machine.lastError, { kind: 'received', code: 6, subcode: 2 })
  t.ok(machine.lastError!.at < 100, 'with its time')
  t.match(machine.attemptError, { kind: 'lost', text: 'refused', code: null })
  t.ok(machine.attemptError!.at > 20_000)
  two.refuse = false
  two.input(two.b, { type: 'start' })
  two.run(10_000)
  two.assertEstablished()
  t.equal(machine.attemptError, undefined, 'an established session clears the error of attempts')
  t.match(machine.lastError, { code: 6, subcode: 2 }, 'but not the last error')
  t.ok(machine.stateSince > 30_000 && machine.stateSince < 40_100)
  t.end()
})

t.test('the loss of an established session is an error, collision detection is not', (t) => {
  const two = new TwoSpeakers().start().run(2_000)
  two.assertEstablished()
  t.same([two.a.machine.lastError, two.b.machine.lastError], [undefined, undefined])
  two.breakConnections()
  t.match(two.a.machine.lastError, { kind: 'lost', text: 'the connection is gone: reset', at: 2_000 })
  t.end()
})

t.test('a collision that the peer has resolved is not an error', (t) => {
  const two = new TwoSpeakers({ accepts: false })
  two.blackHole = true
  two.start()
  two.input(two.a, { type: 'connected', side: 'dialled' })
  const { CONNECTION_COLLISION } = CeaseSubcode
  const bytes = encodeNotification({ code: 6, subcode: CONNECTION_COLLISION, data: new Uint8Array(0) })
  two.input(two.a, { type: 'bytes', side: 'dialled', bytes })
  t.equal(two.a.machine.counters().notificationsIn, 1)
  t.same([two.a.machine.lastError, two.a.machine.attemptError], [undefined, undefined])
  t.end()
})

t.test(
  'a muted session ends by the hold timer of its neighbour, and comes back with the routes of the meantime',
  (t) => {
    const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
    two.input(two.a, { type: 'announce', routes: [{ prefix: VIP }] })
    two.run(10)
    const [keepalives, updates] = [count(two.a, MessageType.KEEPALIVE), count(two.a, MessageType.UPDATE)]
    two.input(two.a, { type: 'mute', isMuted: true })
    two.input(two.a, { type: 'announce', routes: [{ prefix: hostPrefix(7) }] })
    two.run(20_000)
    t.match(two.b.downs, [/^sent hold timer expired/])
    t.match(two.a.downs[0], /^received hold timer expired/)
    t.equal(count(two.a, MessageType.KEEPALIVE), keepalives, 'no KEEPALIVE')
    t.equal(count(two.a, MessageType.UPDATE), updates, 'no UPDATE')
    t.not(two.b.machine.state, 'established', 'no session is accepted without a KEEPALIVE')
    two.input(two.a, { type: 'mute', isMuted: false })
    two.run(30_000)
    two.assertEstablished()
    t.same(announced(two.b), ['127.20.10.1/32', '127.20.10.1/32', '0.0.0.7/32'])
    t.end()
  },
)

t.test('a session that is unmuted in time stays, and advertises what has changed', (t) => {
  const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
  two.input(two.a, { type: 'mute', isMuted: true })
  two.input(two.a, { type: 'announce', routes: [{ prefix: VIP }] })
  two.run(3_000)
  t.same(announced(two.b), [])
  two.input(two.a, { type: 'mute', isMuted: false })
  two.run(20_000)
  t.same(announced(two.b), ['127.20.10.1/32'])
  t.same(two.b.downs, [])
  t.end()
})

t.test('a reset is a Cease, Administrative Reset, from either end, and the session comes back', (t) => {
  for (const end of ['a', 'b'] as const) {
    const two = new TwoSpeakers({ accepts: false }, { passive: true }).start().run(10)
    two.input(two[end], { type: 'reset' })
    two.run(20)
    t.match(two[end].downs, [/^sent Cease, administrative reset \(6\/4\)/])
    t.match(two[end === 'a' ? 'b' : 'a'].downs, [/^received Cease, administrative reset \(6\/4\)/])
    two.run(10_000)
    two.assertEstablished()
    two.input(two[end], { type: 'stop', subcode: CeaseSubcode.ADMINISTRATIVE_SHUTDOWN })
    two.run(1_000)
    two.input(two[end], { type: 'reset' })
    t.equal(two[end].downs.length, 2, 'without a session it does nothing')
  }
  t.end()
})
