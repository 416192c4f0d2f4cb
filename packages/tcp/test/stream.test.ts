import { strict as assert } from 'node:assert'
import type { Fault } from '@fivetuple/faults'
import { TcpEvent, type TcpOptions, TcpState } from '@fivetuple/tcp'
import fc from 'fast-check'
import t from 'tap'
import type { Host } from './host.js'
import { TwoHosts } from './two-hosts.js'

const share = (max: number) => fc.double({ min: 0, max, noNaN: true })

const faults: fc.Arbitrary<Fault[]> = fc.tuple(
  fc.record({ kind: fc.constant('loss' as const), rate: share(0.3) }),
  fc.record({ kind: fc.constant('duplicate' as const), rate: share(0.2) }),
  fc.record({ least: fc.nat(20), spread: fc.nat(5) }).map(({ least, spread }) => ({
    kind: 'delay' as const,
    ms: least + spread / 2,
    jitterMs: spread / 2,
    reorders: true,
  })),
  fc.record({ kind: fc.constant('reorder' as const), rate: share(0.4), byMs: fc.integer({ min: 1, max: 60 }) }),
)

const tcp = fc.record({
  windowBytes: fc.oneof(fc.integer({ min: 16, max: 300 }), fc.constant(262_144)),
  sendBufferBytes: fc.integer({ min: 1, max: 500 }),
  mss: fc.oneof(fc.integer({ min: 8, max: 120 }), fc.constant(65_495)),
  keepAliveMs: fc.constantFrom(1_000, Number.POSITIVE_INFINITY),
  delayedAckMs: fc.constantFrom(0, 40),
})

/** Timeouts so long that only the close ends a connection. */
const LONG_TIMEOUTS: Partial<TcpOptions> = { userTimeoutMs: 10_000_000, keepAliveProbes: 1_000 }

const iss = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0xffffff00, max: 0xffffffff }))

interface Plan {
  /** Sizes of the application's writes and the pause before each, ms. */
  readonly writes: readonly (readonly [number, number])[]
  /** Bytes that the application takes at a time, and how often, ms; 0: all at once. */
  readonly appetite: number
  readonly pauseMs: number
  /** Chance that the output refuses data. */
  readonly blocked: number
}

const plan: fc.Arbitrary<Plan> = fc.record({
  writes: fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.nat(100)), { maxLength: 8 }),
  appetite: fc.constantFrom(0, 1, 13, 200),
  pauseMs: fc.integer({ min: 1, max: 30 }),
  blocked: fc.constantFrom(0, 0, 0.5),
})

const scenario = fc.record({
  faults,
  tcp: fc.tuple(tcp, tcp),
  iss: fc.tuple(iss, iss),
  plans: fc.tuple(plan, plan),
  seed: fc.nat(),
})

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never

/** One side's application at work: what it will have sent, and that it stops with its FIN. */
function play(hosts: TwoHosts, host: Host, { writes, appetite, pauseMs, blocked }: Plan): number[] {
  const { clock, random } = hosts
  const sent: number[] = []
  let at = 0
  let unread = 0
  let unconsumed = 0
  const limit = host.options.windowBytes
  host.out.refusesData = () => random.next() < blocked
  host.onDelivered = (bytes) => {
    unconsumed += bytes
    assert(unconsumed + host.endpoint!.reassemblyBytes <= limit, 'the window is kept')
    if (appetite === 0) {
      unconsumed -= bytes
      host.endpoint!.consumed(bytes, clock.now)
    } else if (unread === 0) clock.schedule(clock.now + pauseMs, bite)
    if (appetite !== 0) unread += bytes
  }
  const bite = (): void => {
    const bytes = Math.min(unread, appetite)
    unread -= bytes
    unconsumed -= bytes
    host.endpoint!.consumed(bytes, clock.now)
    host.settle()
    if (unread > 0) clock.schedule(clock.now + pauseMs, bite)
  }
  const queue = [...writes]
  const write = (): void => {
    if (host.endpoint === undefined || host.has(TcpEvent.CLOSED)) return
    const next = queue.shift()
    if (next === undefined) {
      host.shutdown()
      return
    }
    const bytes = Array.from({ length: next[0] }, () => at++ % 251)
    sent.push(...bytes)
    host.send(...bytes)
    if (host.endpoint.sendBufferFull) waiting = true
    else clock.schedule(clock.now + (queue[0]?.[1] ?? 0), write)
  }
  let waiting = false
  host.onEvents = (events) => {
    if (events & TcpEvent.CONNECTED) clock.schedule(clock.now + (queue[0]?.[1] ?? 0), write)
    if (events & TcpEvent.WRITABLE) {
      assert(waiting, 'writable only after full')
      waiting = false
      clock.schedule(clock.now, write)
    }
  }
  return sent
}

function setUp({ faults, tcp, iss, plans, seed }: Scenario, timeouts: Partial<TcpOptions>) {
  const hosts = new TwoHosts({
    clientTcp: { ...tcp[0], ...timeouts },
    serverTcp: { ...tcp[1], ...timeouts },
    clientIss: iss[0],
    serverIss: iss[1],
    faults,
    seed,
  })
  const fromClient = play(hosts, hosts.client, plans[0])
  const fromServer = play(hosts, hosts.server, plans[1])
  return { hosts, fromClient, fromServer }
}

t.test('every byte arrives once and in order, both ends close, nothing is left', async () => {
  fc.assert(
    fc.property(scenario, (s) => {
      const { hosts, fromClient, fromServer } = setUp(s, LONG_TIMEOUTS)
      hosts.client.connect()
      assert(hosts.drain(), 'comes to an end')
      const { client, server } = hosts
      assert.deepEqual(server.received, fromClient)
      assert.deepEqual(client.received, fromServer)
      assert(client.has(TcpEvent.END) && server.has(TcpEvent.END))
      assert(!client.has(TcpEvent.TIMEOUT | TcpEvent.REFUSED) && !server.has(TcpEvent.TIMEOUT))
      assert(client.has(TcpEvent.CLOSED) && server.has(TcpEvent.CLOSED))
      assert(client.isClear && server.isClear)
    }),
    { numRuns: 300 },
  )
})

t.test('without faults nothing is retransmitted', async () => {
  fc.assert(
    fc.property(scenario, (s) => {
      const { hosts, fromClient, fromServer } = setUp(
        { ...s, faults: [{ kind: 'delay', ms: 5, jitterMs: 0 }] },
        LONG_TIMEOUTS,
      )
      hosts.client.connect()
      assert(hosts.drain())
      const { client, server } = hosts
      assert.deepEqual(server.received, fromClient)
      assert.deepEqual(client.received, fromServer)
      assert(!client.has(TcpEvent.RESET) && !server.has(TcpEvent.RESET))
      assert.deepEqual([client.endpoint!.retransmits, server.endpoint!.retransmits], [0, 0])
      assert.deepEqual([client.endpoint!.outOfOrder, server.endpoint!.outOfOrder], [0, 0])
    }),
    { numRuns: 150 },
  )
})

t.test('an abort at any time ends both sides; the bytes that arrived are a prefix of those sent', async () => {
  fc.assert(
    fc.property(scenario, fc.boolean(), fc.nat(1_500), (s, byClient, atMs) => {
      // A RST can be lost: then keep-alive or the next segment finds out.
      const timeouts = { ...LONG_TIMEOUTS, keepAliveMs: 1_000 }
      const { hosts, fromClient, fromServer } = setUp(s, timeouts)
      const { client, server, clock } = hosts
      const aborting = byClient ? client : server
      clock.schedule(clock.now + atMs, () => aborting.endpoint && aborting.abort())
      client.connect()
      assert(hosts.drain(), 'comes to an end')
      assert.deepEqual(server.received, fromClient.slice(0, server.received.length))
      assert.deepEqual(client.received, fromServer.slice(0, client.received.length))
      assert(client.isClear && server.isClear)
    }),
    { numRuns: 200 },
  )
})

t.test('a dead wire ends both sides with a timeout, within the user timeout', async () => {
  fc.assert(
    fc.property(scenario, fc.integer({ min: 50, max: 1_500 }), (s, atMs) => {
      const timeouts = { userTimeoutMs: 3_000, keepAliveMs: 2_000, keepAliveProbes: 3 }
      const { hosts } = setUp({ ...s, faults: [{ kind: 'delay', ms: 5, jitterMs: 0 }] }, timeouts)
      const { client, server, clock } = hosts
      clock.schedule(clock.now + atMs, () => {
        hosts.toClient.faults = [{ kind: 'loss', rate: 1 }]
        hosts.toServer.faults = [{ kind: 'loss', rate: 1 }]
      })
      client.connect()
      // Slow readers may finish later than the connection: only its end is looked for.
      clock.runUntil(1_000 + atMs + 9_000)
      for (const host of [client, server]) {
        assert.equal(host.endpoint!.state, TcpState.CLOSED)
        assert(host.isClear)
        assert(host.has(TcpEvent.TIMEOUT | TcpEvent.END))
      }
    }),
    { numRuns: 100 },
  )
})
