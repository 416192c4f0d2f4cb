import { strict as assert } from 'node:assert'
import { isTcpHeaderWhole } from '@fivetuple/packet'
import { type SegmentOutput, TcpEndpoint, TcpState, tcpOptions } from '@fivetuple/tcp'
import fc from 'fast-check'
import t from 'tap'
import { ACK, FIN, RST, SYN, segment } from './segment.js'
import { CLIENT_PORT, SERVER_PORT, TwoHosts } from './two-hosts.js'

/** Initial sequence numbers in these tests, close to the wrap-around. */
const PEER = 0xfffffff0
const OURS = 0xffffff00

const near = (base: number) =>
  fc.oneof(
    fc.integer({ min: -40, max: 400 }).map((d) => (base + d) >>> 0),
    fc.integer({ min: 0, max: 0xffffffff }),
  )

const anySegment = fc
  .record({
    seq: near(PEER),
    ack: near(OURS),
    flags: fc.oneof(fc.constantFrom(ACK, ACK, ACK | FIN, SYN, SYN | ACK, RST), fc.integer({ min: 0, max: 255 })),
    window: fc.oneof(fc.constantFrom(0, 1, 0xffff), fc.integer({ min: 0, max: 0xffff })),
    payload: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 60 }),
    headerWords: fc.integer({ min: 5, max: 15 }),
  })
  .map(({ seq, ack, flags, window, payload, headerWords }) => {
    const b = segment(CLIENT_PORT, SERVER_PORT, seq, ack, flags, window, payload)
    b[12] = headerWords << 4
    return b
  })

type Step = { readonly segment: Uint8Array } | { readonly act: string } | { readonly pauseMs: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ segment: anySegment }) },
  {
    weight: 1,
    arbitrary: fc.record({ act: fc.constantFrom('send', 'shutdown', 'consume', 'unreachable', 'establish') }),
  },
  { weight: 1, arbitrary: fc.record({ pauseMs: fc.nat(3_000) }) },
)

class Sink implements SegmentOutput {
  buffer = new Uint8Array(70_000)
  count = 0
  reserve(length: number): number {
    assert(length >= 20 && length <= this.buffer.length)
    assert(++this.count < 100, 'one input does not bring segments without end')
    return 0
  }
}

t.test('any segments in any order: no throw, bounded memory, bounded number of segments', async () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 60 }), (isActive, steps) => {
      const options = tcpOptions({ windowBytes: 200, mss: 50 })
      const endpoint = new TcpEndpoint(options, SERVER_PORT, CLIENT_PORT, OURS)
      const out = new Sink()
      let now = 0
      let unconsumed = 0
      const settle = (): void => {
        while (endpoint.nextRead()) unconsumed += endpoint.readEnd - endpoint.readStart
        assert(unconsumed + endpoint.reassemblyBytes <= options.windowBytes)
        endpoint.takeEvents()
        out.count = 0
        assert(endpoint.transmit(out, now))
        assert(!endpoint.wantsTransmit)
      }
      if (isActive) endpoint.connect(now)
      else endpoint.accept(segment(CLIENT_PORT, SERVER_PORT, PEER - 1, 0, SYN, 100, [1, 2]), 0, 22, now)
      settle()
      for (const s of steps) {
        if ('segment' in s) {
          if (isTcpHeaderWhole(s.segment, 0, s.segment.length)) endpoint.onSegment(s.segment, 0, s.segment.length, now)
        } else if ('pauseMs' in s) {
          now += s.pauseMs
          endpoint.onTimeout(now)
        } else if (s.act === 'send') endpoint.send(new Uint8Array(120), now)
        else if (s.act === 'shutdown') endpoint.shutdown(now)
        else if (s.act === 'unreachable') endpoint.unreachable(now)
        else if (s.act === 'establish') endpoint.establish(now)
        else {
          endpoint.consumed(unconsumed, now)
          unconsumed = 0
        }
        settle()
      }
      endpoint.abort(now)
      settle()
      assert.equal(endpoint.state, TcpState.CLOSED)
      assert.equal(endpoint.deadline(), Number.POSITIVE_INFINITY)
    }),
    { numRuns: 2_000 },
  )
})

// Attackers who can't see the connection: they know its ports, and not where in the sequence space
// it is.
const blind = fc.oneof(
  // RST and SYN anywhere but at the one number that is believed
  fc.record({
    seq: fc.integer({ min: 1, max: 0x7fffffff }),
    ack: fc.integer(),
    flags: fc.constantFrom(RST, RST | ACK, SYN, SYN | ACK),
  }),
  // data and FIN outside the window
  fc.record({
    seq: fc.integer({ min: 0x100000, max: 0x7fffffff }),
    ack: fc.integer(),
    flags: fc.constantFrom(ACK, ACK | FIN),
  }),
  // data and FIN within the window, with an ACK of the future
  fc.record({
    seq: fc.nat(60_000),
    ack: fc.integer({ min: 1, max: 0x7fffffff }),
    flags: fc.constantFrom(ACK, ACK | FIN),
  }),
  // no statement about an ACK
  fc.record({ seq: fc.nat(60_000), ack: fc.integer(), flags: fc.constantFrom(0, FIN) }),
)

/** Returns the sequence number behind a segment. A SYN occupies one, too (RFC 9293 §3.4). */
function endOf(segment: Uint8Array): number {
  const sequence = new DataView(segment.buffer, segment.byteOffset).getUint32(4)
  return sequence + segment.length - (segment[12]! >>> 4) * 4 + ((segment[13]! & SYN) === 0 ? 0 : 1)
}

t.test('segments with guessed numbers neither end the connection nor change its data', async () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(blind, fc.boolean(), fc.nat(50)), { maxLength: 30 }), (attacks) => {
      const hosts = new TwoHosts().open()
      const { client, server, clock } = hosts
      const up: number[] = []
      const down: number[] = []
      for (const [{ seq, ack, flags }, atServer, size] of attacks) {
        const last = hosts.log.findLast((s) => s.toServer === atServer)!.segment
        const ofVictim = hosts.log.findLast((s) => s.toServer !== atServer)!.segment
        // The wire is quiet: the victim's next number is what the peer's last segment ended with.
        const next = endOf(last)
        const sent = endOf(ofVictim)
        const payload = new Array<number>(size).fill(0xbb)
        const [from, to] = atServer ? [CLIENT_PORT, SERVER_PORT] : [SERVER_PORT, CLIENT_PORT]
        const b = segment(from, to, (next + seq) >>> 0, (sent + ack) >>> 0, flags, 0x1000, payload)
        ;(atServer ? server : client).receive(b)
        clock.advance(60)
        up.push(size)
        client.send(size)
        clock.advance(60)
        down.push(size + 1)
        server.send(size + 1)
        clock.advance(60)
      }
      assert.deepEqual(server.received, up)
      assert.deepEqual(client.received, down)
      assert.equal(client.endpoint!.state, TcpState.ESTABLISHED)
      assert.equal(server.endpoint!.state, TcpState.ESTABLISHED)
    }),
    { numRuns: 200 },
  )
})
