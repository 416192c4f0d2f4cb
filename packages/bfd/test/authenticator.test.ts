import { createHash } from 'node:crypto'
import { type AuthenticationConfig, Authenticator, decodeControlPacket, encodeControlPacket } from '@fivetuple/bfd'
import t from 'tap'
import { hex } from './hex.js'
import { packetOf, pair, pairUp } from './two-sessions.js'

const KEY = Buffer.from('fabric')
const keyed: AuthenticationConfig = { type: 'keyed-sha1', keyId: 7, key: KEY }
const meticulous: AuthenticationConfig = { ...keyed, type: 'meticulous-keyed-sha1' }
const PACKET = packetOf(hex('20 c0 03 18 00000001 00000002 000493e0 000493e0 00000000'))

/** RFC 5880 §6.7.4 once more: SHA1 over the packet with the zero-padded key in place of the digest. */
function sealedByHand(type: number, sequence: string): Buffer {
  const head = hex(`20 c4 03 34 00000001 00000002 000493e0 000493e0 00000000  0${type} 1c 07 00 ${sequence}`)
  const padded = Buffer.concat([KEY, Buffer.alloc(20 - KEY.length)])
  return Buffer.concat([head, createHash('sha1').update(head).update(padded).digest()])
}

t.test('sealed packets equal those sealed by hand', (t) => {
  t.same(Buffer.from(new Authenticator(keyed, 9).seal(PACKET)), sealedByHand(4, '0000000a'))
  t.same(Buffer.from(new Authenticator(meticulous, 0xffff_ffff).seal(PACKET)), sealedByHand(5, '00000000'))
  t.same(
    Buffer.from(new Authenticator(keyed, 9).seal(PACKET))
      .toString('hex')
      .slice(64 + 8),
    sealedByHand(4, '0000000a').subarray(36).toString('hex'),
  )
  t.end()
})

t.test('sequence numbers: meticulous counts packets, keyed counts contents', (t) => {
  const sequences = (config: AuthenticationConfig) => {
    const authenticator = new Authenticator(config, 0)
    return [PACKET, PACKET, { ...PACKET, poll: true }, { ...PACKET, poll: true }].map((packet) => {
      const { authentication } = packetOf(authenticator.seal(packet))
      return authentication?.type === 'simple-password' ? undefined : authentication?.sequence
    })
  }
  t.same(sequences(keyed), [1, 1, 2, 2])
  t.same(sequences(meticulous), [1, 2, 3, 4])
  t.end()
})

t.test('window of sequence numbers, across the wrap', (t) => {
  for (const [config, type, isRepeatGood] of [
    [keyed, 4, true],
    [meticulous, 5, false],
  ] as const)
    for (const [last, offered, isGood] of [
      ['00000064', '00000064', isRepeatGood],
      ['00000064', '00000065', true],
      ['00000064', '0000006d', true], // 3 × multiplier ahead
      ['00000064', '0000006e', false],
      ['00000064', '00000063', false],
      ['ffffffff', '00000000', true],
      ['fffffffe', '00000007', true],
      ['fffffffe', '00000008', false],
      ['00000000', 'ffffffff', false],
    ] as const) {
      const authenticator = new Authenticator(config, 0)
      const verify = (sequence: string) => {
        const bytes = sealedByHand(type, sequence)
        return authenticator.verify(packetOf(bytes), bytes)
      }
      t.equal(verify(last), undefined)
      t.equal(verify(offered), isGood ? undefined : 'sequence', `${config.type} ${last} ${offered}`)
    }
  t.end()
})

t.test('every changed bit is noticed, and moves no sequence number', (t) => {
  const authenticator = new Authenticator(meticulous, 0)
  const good = sealedByHand(5, '00000001')
  for (let bit = 0; bit < good.length * 8; bit++) {
    const bytes = Uint8Array.from(good)
    bytes[bit >>> 3]! ^= 1 << (bit & 7)
    const decoded = decodeControlPacket(bytes)
    if (decoded.ok) t.not(authenticator.verify(decoded.value, bytes), undefined, `bit ${bit}`)
  }
  t.equal(authenticator.verify(packetOf(good), good), undefined, 'the genuine one is still the first')
  t.equal(authenticator.verify(packetOf(good), good), 'sequence', 'and cannot be replayed')
  t.end()
})

t.test('each other fault by its name', (t) => {
  const authenticator = new Authenticator(keyed, 0)
  const verify = (bytes: Uint8Array) => authenticator.verify(packetOf(bytes), bytes)
  t.equal(verify(encodeControlPacket(PACKET)), 'authentication-missing')
  t.equal(verify(sealedByHand(5, '00000001')), 'authentication-type')
  t.equal(verify(new Authenticator({ ...keyed, keyId: 8 }, 0).seal(PACKET)), 'key-id')
  t.equal(verify(new Authenticator({ ...keyed, key: Buffer.from('other') }, 0).seal(PACKET)), 'digest')
  t.equal(verify(Buffer.concat([sealedByHand(4, '00000001'), Buffer.from('trailing')])), undefined)
  t.end()
})

for (const authentication of [keyed, meticulous])
  t.test(`sessions with ${authentication.type}`, (t) => {
    const { clock, a, b } = pairUp({ authentication }, { authentication })
    t.same([a.session.state, b.session.state], ['up', 'up'])
    clock.advance(600_000)
    t.same([a.paths(), b.paths()], [['working'], ['working']])
    t.same(a.session.status().counters.discarded, {})

    // A restarted peer begins with another sequence number. It is accepted after twice the detection time.
    b.restart({
      localDiscriminator: 3,
      desiredMinTxMs: 300,
      requiredMinRxMs: 300,
      detectMultiplier: 3,
      random: () => 0.5,
      authentication,
    })
    clock.advance(700)
    t.ok((a.session.status().counters.discarded.sequence ?? 0) > 0)
    clock.advance(4_000)
    t.same([a.session.state, b.session.state], ['up', 'up'])
    t.end()
  })

t.test('the sequence number is forgotten after twice the detection time (RFC 5880 §6.8.1)', (t) => {
  const { clock, a, b } = pairUp({ authentication: meticulous }, { authentication: meticulous })
  const lastAt = b.sent().at(-1)!.at + 1
  const received = () => a.session.status().counters.received
  const before = received()
  /** Delivers a packet with another sequence number, as after a restart of the peer. */
  const deliverAt = (at: number) => {
    clock.runUntil(at)
    a.receive(new Authenticator(meticulous, 5).seal({ ...PACKET, state: 'down', yourDiscriminator: 0 }))
  }
  b.loses = () => true
  deliverAt(lastAt + 1_799)
  t.equal(received(), before)
  deliverAt(lastAt + 1_801)
  t.equal(received(), before + 1)
  t.end()
})

t.test('sessions with different keys or only one key stay Down', (t) => {
  for (const b of [{}, { authentication: { ...keyed, key: Buffer.from('other') } }]) {
    const ends = pair({ authentication: keyed }, b)
    ends.clock.advance(10_000)
    t.same([ends.a.session.state, ends.b.session.state], ['down', 'down'])
  }
  t.end()
})
