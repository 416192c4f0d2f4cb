import { type ConnectionOutcome, recoveriesOf, recoveriesPerClient, summarizeRecoveries } from '@fivetuple/client'
import t from 'tap'

const ok = (connection: number, dueMs: number, tookMs = 1): ConnectionOutcome => ({
  connection,
  dueMs,
  endMs: dueMs + tookMs,
  isCompleted: true,
})
const failed = (connection: number, dueMs: number, tookMs = 1): ConnectionOutcome => ({
  ...ok(connection, dueMs, tookMs),
  isCompleted: false,
})

t.test('a recovery takes from the due time of the first failure to the end of the next success', (t) => {
  t.same(recoveriesOf([ok(0, 0), failed(0, 100, 30), failed(0, 200, 5), ok(0, 300, 12), ok(0, 400)]), [
    { connection: 0, failedMs: 100, failed: 2, tookMs: 212 },
  ])
  t.same(recoveriesOf([]), [])
  t.same(recoveriesOf([ok(0, 0), ok(1, 0)]), [])
  t.end()
})

t.test('requests count in the order in which they were due, not in that of their ends', (t) => {
  // A datagram that is lost is noticed after the echo of the next one.
  t.same(recoveriesOf([ok(0, 10, 2), failed(0, 0, 1_000), ok(0, 20, 2)]), [
    { connection: 0, failedMs: 0, failed: 1, tookMs: 12 },
  ])
  t.end()
})

t.test('each connection recovers by itself, as often as it fails', (t) => {
  const recoveries = recoveriesOf([
    ...[failed(1, 0), ok(1, 10), failed(1, 20), ok(1, 30, 5)],
    ...[failed(2, 5), failed(2, 15)],
    ok(3, 0),
  ])
  t.same(recoveries, [
    { connection: 1, failedMs: 0, failed: 1, tookMs: 11 },
    { connection: 2, failedMs: 5, failed: 2, tookMs: null },
    { connection: 1, failedMs: 20, failed: 1, tookMs: 15 },
  ])
  t.match(summarizeRecoveries(recoveries), {
    connections: 2,
    recovered: 2,
    unrecovered: 1,
    took: { count: 2, p50: 11, max: 15 },
  })
  t.match(summarizeRecoveries([]), { connections: 0, recovered: 0, unrecovered: 0, took: { count: 0, p99: null } })
  t.end()
})

t.test('a client has recovered when all its connections have', (t) => {
  const recovery = (connection: number, failedMs: number, tookMs: number | null) => ({
    connection,
    failedMs,
    failed: 1,
    tookMs,
  })
  const clientOf = (connection: number): string => (connection < 10 ? 'a' : connection < 20 ? 'b' : 'c')
  const recoveries = [
    recovery(1, 0, 100),
    recovery(10, 10, 20),
    recovery(2, 50, 100),
    recovery(11, 500, 40),
    recovery(20, 600, null),
  ]
  t.same(recoveriesPerClient(recoveries, clientOf), [
    { client: 'a', connections: 2, failed: 2, failedMs: 0, tookMs: 150 },
    { client: 'b', connections: 2, failed: 2, failedMs: 10, tookMs: 40 },
    { client: 'c', connections: 1, failed: 1, failedMs: 600, tookMs: null },
  ])
  t.end()
})
