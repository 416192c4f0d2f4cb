import { strict as assert } from 'node:assert'
import {
  FROM_BACKEND,
  FROM_CLIENT,
  PortPool,
  SESSION_STATE_NAMES,
  SegmentKind,
  SessionState,
  SessionTable,
  segmentKind,
  TIMEOUT_CLASS_OF,
} from '@fivetuple/lb-node'
import { TcpFlag } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'

const TIMEOUTS = [5_000, 60_000, 10_000, 2_000, 20_000]

t.test('the table agrees with a Map, through growth and removal', async () => {
  const operation = fc.record({ add: fc.boolean(), client: fc.nat(3_000) })
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 3_000 }), (operations) => {
      const table = new SessionTable(100_000, TIMEOUTS, 0)
      const twin = new Map<number, number>()
      for (const { add, client } of operations) {
        const session = table.find(client, 7, client & 0xffff, 80, 6)
        assert.equal(session, twin.get(client) ?? -1)
        if (add && session === -1)
          twin.set(client, table.add(client, 7, client & 0xffff, 80, 6, SessionState.SYN_SEEN, 0))
        else if (!add && session !== -1) {
          table.remove(session)
          twin.delete(client)
        }
        assert.equal(table.size, twin.size)
      }
      for (const [client, session] of twin) assert.equal(table.find(client, 7, client & 0xffff, 80, 6), session)
    }),
    { numRuns: 20 },
  )
})

t.test('100,000 sessions: each is found, memory stays within bounds', async (t) => {
  const table = new SessionTable(1_000_000, TIMEOUTS, 0)
  const count = 100_000
  for (let i = 0; i < count; i++)
    table.add(0x7f146400 + (i >>> 10), 0x7f140a01, 1024 + (i & 1023), 8080, 6, SessionState.ESTABLISHED, i)
  let missing = 0
  for (let i = 0; i < count; i++)
    if (table.find(0x7f146400 + (i >>> 10), 0x7f140a01, 1024 + (i & 1023), 8080, 6) === -1) missing++
  t.equal(missing, 0)
  // Capacity is the next power of two: 131,072 records of 64 bytes and as many pairs of index slots.
  t.equal(table.memoryBytes / 131_072, 80)
})

t.test('sessions expire in their state, not before their time and at most a quarter late', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50_000), { minLength: 1, maxLength: 40 }), (touches) => {
      const table = new SessionTable(100, TIMEOUTS, 0)
      const session = table.add(1, 1, 1, 1, 6, SessionState.ESTABLISHED, 0)
      table.add(2, 2, 2, 2, 6, SessionState.ESTABLISHED, 0)
      let last = 0
      for (const pause of touches) {
        const now = last + pause
        table.expire(now, (s) => table.remove(s))
        assert.equal(table.find(1, 1, 1, 1, 6), session, 'it is busy')
        table.touch(session, SessionState.ESTABLISHED, true, now)
        last = now
      }
      for (let now = table.deadline(last); now < Number.POSITIVE_INFINITY; now = table.deadline(now)) {
        table.expire(now, (s) => {
          if (s === session) assert(now - last >= 60_000 && now - last <= 75_000)
          table.remove(s)
        })
      }
      assert.equal(table.size, 0)
    }),
    { numRuns: 100 },
  )
})

t.test('a port rests for as long as the range allows', async (t) => {
  const pool = new PortPool(100, 103)
  t.strictSame(
    [1, 2, 3, 4, 5].map((session) => pool.allocate(session)),
    [100, 101, 102, 103, -1],
  )
  for (const port of [102, 100]) pool.release(port)
  t.equal(pool.sessionOf(102), -1)
  t.equal(pool.allocate(6), 102, 'the one released first comes first')
  t.equal(pool.sessionOf(102), 6)
  t.equal(pool.sessionOf(99), -1)
  t.equal(pool.sessionOf(104), -1)
  t.equal(pool.used, 3 + 0)
  const wide = new PortPool(1024, 65_535)
  const ports = new Set(Array.from({ length: 64_512 }, (_, i) => wide.allocate(i)))
  t.equal(ports.size, 64_512)
  t.equal(wide.allocate(1), -1)
  for (const port of ports) wide.release(port)
  t.equal(wide.used, 0)
  t.equal(wide.allocate(1), 1024)
})

t.test('a limit on ports is like a smaller range, and leaves ports in use alone', async (t) => {
  const pool = new PortPool(100, 109)
  const ports = [1, 2, 3, 4].map((session) => pool.allocate(session))
  pool.limit(2)
  t.ok(pool.isExhausted)
  t.equal(pool.allocate(5), -1)
  t.strictSame(
    ports.map((port) => pool.sessionOf(port)),
    [1, 2, 3, 4],
  )
  for (const port of ports.slice(0, 3)) pool.release(port)
  t.equal(pool.allocate(6), 104, 'a port that has not been used comes first, as ever')
  pool.block(104)
  t.equal(pool.allocateUnblocked(7), 105)
  t.equal(pool.allocate(8), -1, 'nor is a blocked port used')
  pool.limit(null)
  t.strictSame(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((session) => pool.allocate(session)),
    [106, 107, 108, 109, 100, 101, 102, 104, -1],
    'undone exactly: all ports, in their order',
  )
  pool.limit(1_000)
  t.ok(pool.isExhausted, 'no more than the range')
})

t.test('a blocked port is used again only if no other port is free', async (t) => {
  const pool = new PortPool(100, 103)
  const take = () => pool.allocate(1)
  t.equal(take(), 100)
  pool.block(100)
  t.match([pool.sessionOf(100), pool.used, pool.blocked], [-1, 0, 1])
  t.strictSame([take(), take(), take()], [101, 102, 103])
  pool.release(102)
  t.equal(take(), 102)
  t.equal(pool.allocateUnblocked(1), -1)
  t.equal(take(), 100)
  t.match([pool.used, pool.blocked], [4, 0])
  t.equal(take(), -1)
})

t.test('ports may begin anywhere in the range, and go around', async (t) => {
  const pool = new PortPool(100, 103, 6)
  t.strictSame(
    [1, 2, 3].map((session) => pool.allocate(session)),
    [102, 103, 100],
  )
  t.strictSame(
    [99, 100, 101, 102, 103, 104].map((port) => pool.sessionOf(port)),
    [-1, 3, -1, 1, 2, -1],
  )
  pool.release(103)
  t.equal(pool.allocate(4), 101)
  t.equal(pool.allocate(5), 103)
  t.equal(pool.allocate(6), -1)
})

t.test('the tracking tables are total', async (t) => {
  const states = Object.values(SessionState)
  const kinds = Object.values(SegmentKind)
  t.equal(states.length, SESSION_STATE_NAMES.length)
  for (const table of [FROM_CLIENT, FROM_BACKEND]) {
    t.equal(table.length, states.length)
    for (const state of states) {
      t.equal(table[state]!.length, kinds.length)
      t.ok(table[state]!.every((next) => states.includes(next)))
      const isTcp = state !== SessionState.UDP && state !== SessionState.UDP_MOVED
      if (isTcp) t.equal(table[state]![SegmentKind.RST], SessionState.RESET)
    }
  }
  t.ok(states.every((state) => TIMEOUT_CLASS_OF[state] !== undefined))
  t.equal(segmentKind(TcpFlag.SYN), SegmentKind.SYN)
  t.equal(segmentKind(TcpFlag.SYN | TcpFlag.ACK), SegmentKind.SYN_ACK)
  t.equal(segmentKind(TcpFlag.FIN | TcpFlag.ACK), SegmentKind.FIN)
  t.equal(segmentKind(TcpFlag.RST | TcpFlag.FIN), SegmentKind.RST)
})
