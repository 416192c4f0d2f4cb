import { strict as assert } from 'node:assert'
import { TcpEndpoint, TcpEvent, tcpOptions } from '@fivetuple/tcp'
import { ManualClock } from '@fivetuple/testkit'
import fc from 'fast-check'
import t from 'tap'
import { Host } from './host.js'
import { ACK, FIN, payloadOf, SYN, segment } from './segment.js'
import { CLIENT_PORT, SERVER_PORT } from './two-hosts.js'

const STREAM = Array.from({ length: 64 }, (_, i) => i)
const SEQ = 0xfffffff0 // wraps around within the stream
const ISS = 1

/** A server whose peer is us. */
function server(windowBytes = 262_144): Host {
  const host = new Host(new ManualClock(), tcpOptions({ windowBytes }), SERVER_PORT, CLIENT_PORT, ISS)
  host.receive(segment(CLIENT_PORT, SERVER_PORT, SEQ - 1, 0, SYN, 1_000))
  host.receive(segment(CLIENT_PORT, SERVER_PORT, SEQ, ISS + 1, ACK, 1_000))
  return host
}

function piece(from: number, to: number): Uint8Array {
  const fin = to === STREAM.length ? FIN : 0
  return segment(CLIENT_PORT, SERVER_PORT, (SEQ + from) >>> 0, ISS + 1, ACK | fin, 1_000, STREAM.slice(from, to))
}

t.test('of a segment that is partly old, only the new bytes are delivered', async (t) => {
  const host = server()
  host.receive(piece(0, 10))
  host.receive(piece(4, 14))
  t.strictSame(host.received, STREAM.slice(0, 14))
  host.receive(piece(20, 30))
  host.receive(piece(12, 25))
  t.strictSame(host.received, STREAM.slice(0, 30))
  host.receive(piece(3, 64))
  t.strictSame(host.received, STREAM)
  t.ok(host.has(TcpEvent.END))
})

t.test('pieces of one stream, cut and repeated in any way, yield that stream', async () => {
  const cut = fc
    .tuple(fc.nat(STREAM.length), fc.nat(STREAM.length))
    .map(([a, b]) => piece(Math.min(a, b), Math.max(a, b)))
  fc.assert(
    fc.property(fc.array(cut, { maxLength: 40 }), fc.constantFrom(16, 40, 262_144), (pieces, windowBytes) => {
      const host = server(windowBytes)
      for (const b of pieces) {
        host.receive(b)
        assert.deepEqual(host.received, STREAM.slice(0, host.received.length))
      }
      for (let at = 0; at < STREAM.length; at += 8) host.receive(piece(at, at + 8))
      assert.deepEqual(host.received, STREAM)
      assert(host.has(TcpEvent.END))
      assert.equal(host.endpoint!.reassemblyBytes, 0)
    }),
    { numRuns: 500 },
  )
})

t.test('a peer that shrinks its window is not followed, and does not time out', async (t) => {
  const host = new Host(new ManualClock(), tcpOptions(), SERVER_PORT, CLIENT_PORT, ISS)
  const written: number[] = []
  host.wire = (b) => written.push(payloadOf(b).length)
  host.receive(segment(CLIENT_PORT, SERVER_PORT, SEQ - 1, 0, SYN, 100))
  host.receive(segment(CLIENT_PORT, SERVER_PORT, SEQ, ISS + 1, ACK, 100))
  written.length = 0
  host.send(...STREAM.slice(0, 20))
  host.receive(segment(CLIENT_PORT, SERVER_PORT, SEQ, ISS + 1, ACK, 0))
  host.send(...STREAM.slice(20))
  t.strictSame(written, [20, 44], 'up to what was promised')
  for (let i = 0; i < 30; i++) {
    host.clock.advance(1_000)
    host.receive(segment(CLIENT_PORT, SERVER_PORT, SEQ, ISS + 1, ACK, 0))
  }
  t.notOk(host.has(TcpEvent.TIMEOUT), 'it answers')
})

t.test('a soft error is cleared when the peer acknowledges new data', async (t) => {
  const host = server()
  let resets = 0
  host.wire = (b) => {
    if (b[13]! & 0x04) resets++
  }
  host.endpoint!.unreachable(host.clock.now)
  host.send(1)
  host.receive(segment(CLIENT_PORT, SERVER_PORT, SEQ, ISS + 2, ACK, 1_000))
  host.send(2)
  host.clock.advance(20_000)
  t.ok(host.has(TcpEvent.TIMEOUT))
  t.equal(resets, 1)
})

t.test('an endpoint that was never opened is closed and sends nothing', async (t) => {
  const endpoint = new TcpEndpoint(tcpOptions(), SERVER_PORT, CLIENT_PORT, ISS)
  endpoint.onSegment(piece(0, 5), 0, 25, 0)
  endpoint.send(Uint8Array.of(1), 0)
  endpoint.shutdown(0)
  endpoint.abort(0)
  t.notOk(endpoint.wantsTransmit || endpoint.hasEvents || endpoint.hasRead)
  t.equal(endpoint.deadline(), Number.POSITIVE_INFINITY)
})
