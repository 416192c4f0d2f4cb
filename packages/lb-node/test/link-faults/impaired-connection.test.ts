import type { Fault } from '@fivetuple/faults'
import t from 'tap'
import { rig } from './rig.js'

const TARGET = { host: '127.20.0.1', port: 1790, localAddress: '127.20.1.1' }
const TEXT = new TextEncoder()

/** A BGP connection over the uplink of an LB, and what its owner sees. */
async function connection() {
  const { virtual, faults, sockets } = rig()
  const seen: string[] = []
  const at = (what: string) => seen.push(`${what} at ${virtual.now}`)
  const own = faults.dialOver('uplink')(TARGET, {
    onConnect: () => at('connected'),
    onBytes: (bytes) => at(new TextDecoder().decode(bytes)),
    onDrain: () => at('drained'),
    onClose: (reason) => at(`closed: ${reason}`),
  })
  await Promise.resolve()
  const set = (direction: 'in' | 'out', ...list: Fault[]) =>
    faults.set([
      {
        side: 'uplink',
        direction,
        faults: list.map((fault, i) => ({ id: `${i}`, fault, scope: 'all' as const, seed: 1 })),
      },
    ])
  const received = () => sockets[0]!.received.map((bytes) => new TextDecoder().decode(bytes)).join('')
  return { virtual, faults, sockets, seen, own, set, received }
}

t.test('without faults all passes at once, and the socket is closed with its owner', async (t) => {
  const { own, sockets, seen, received, faults } = await connection()
  t.ok(own.isConnecting)
  sockets[0]!.accept()
  t.notOk(own.isConnecting)
  t.ok(own.write(TEXT.encode('OPEN')))
  sockets[0]!.handlers.onBytes(TEXT.encode('KEEPALIVE'))
  own.end()
  own.destroy()
  await Promise.resolve()
  t.equal(received(), 'OPEN')
  t.ok(sockets[0]!.hasEnded && sockets[0]!.isDestroyed)
  t.strictSame(seen, ['connected at 0', 'KEEPALIVE at 0', 'closed: closed at 0'])
  t.match(faults.direction('uplink', 'in').counters, { sent: 0 }, 'no packet has met a fault')
})

t.test('a black hole towards the neighbour holds bytes; they arrive with a repetition', async (t) => {
  const { virtual, own, sockets, set, received } = await connection()
  sockets[0]!.accept()
  set('out', { kind: 'black-hole' })
  own.write(TEXT.encode('a'))
  virtual.runUntil(500)
  set('out')
  own.write(TEXT.encode('b'))
  virtual.runUntil(599)
  t.equal(received(), '')
  virtual.runUntil(600)
  t.equal(received(), 'ab')
  own.write(TEXT.encode('c'))
  t.equal(received(), 'abc', 'at once again')
})

t.test('delay in both directions, in order; the end of the neighbour arrives behind its bytes', async (t) => {
  const { virtual, sockets, seen, set } = await connection()
  set('in', { kind: 'delay', ms: 30, jitterMs: 30 })
  virtual.runUntil(1)
  sockets[0]!.accept()
  sockets[0]!.handlers.onBytes(TEXT.encode('UPDATE'))
  sockets[0]!.handlers.onClose('reset by the peer')
  t.strictSame(seen, [])
  virtual.runUntil(100)
  await Promise.resolve()
  t.strictSame(
    seen.map((line) => line.replace(/ at .*/, '')),
    ['connected', 'UPDATE', 'closed: reset by the peer'],
  )
})

t.test('a handshake in a black hole is given up after two minutes; no socket is opened later', async (t) => {
  const { virtual, faults, sockets, seen } = rigWithHole()
  await Promise.resolve()
  virtual.runUntil(130_000)
  await Promise.resolve()
  t.strictSame(seen, ['no acknowledgement: the link drops its segments (ETIMEDOUT)'])
  faults.set([{ side: 'uplink', direction: 'out', faults: [] }])
  virtual.runUntil(1_000_000)
  t.equal(sockets.length, 0)
})

t.test('after a close the link still holds the last bytes, and the neighbour gets them', async (t) => {
  const { virtual, own, sockets, seen, set, received } = await connection()
  sockets[0]!.accept()
  set('out', { kind: 'delay', ms: 400 })
  own.write(TEXT.encode('NOTIFICATION'))
  own.end()
  own.destroy()
  await Promise.resolve()
  t.match(seen.at(-1), /^closed/)
  t.notOk(sockets[0]!.isDestroyed)
  virtual.runUntil(1_000)
  t.equal(received(), 'NOTIFICATION')
  t.ok(sockets[0]!.hasEnded && sockets[0]!.isDestroyed)
})

t.test('a writer pauses when the link holds too much, and goes on when it has drained', async (t) => {
  const { virtual, own, sockets, seen, set } = await connection()
  sockets[0]!.accept()
  set('out', { kind: 'delay', ms: 10 })
  t.notOk(own.write(new Uint8Array(300 * 1_024)))
  virtual.runUntil(50)
  t.match(seen.at(-1), /^drained/)
  t.ok(own.write(TEXT.encode('more')))
  set('in', { kind: 'delay', ms: 10 })
  sockets[0]!.handlers.onBytes(new Uint8Array(300 * 1_024))
  t.ok(sockets[0]!.isPaused)
  virtual.runUntil(100)
  t.notOk(sockets[0]!.isPaused)
})

function rigWithHole() {
  const { virtual, faults, sockets } = rig()
  const seen: string[] = []
  const hole = { id: '1', fault: { kind: 'black-hole' as const }, scope: 'all' as const, seed: 1 }
  faults.set([{ side: 'uplink', direction: 'out', faults: [hole] }])
  faults.dialOver('uplink')(TARGET, {
    onConnect: () => seen.push('connected'),
    onBytes: () => {},
    onDrain: () => {},
    onClose: (reason) => seen.push(reason),
  })
  return { virtual, faults, sockets, seen }
}
