import { strict as assert } from 'node:assert'
import { FAULT_KINDS, type Fault, type FaultName } from '@fivetuple/faults'
import { TcpEvent } from '@fivetuple/tcp'
import t from 'tap'
import { ONE_WAY_MS, TwoHosts } from './two-hosts.js'

const DELAY: Fault = { kind: 'delay', ms: ONE_WAY_MS }
const BYTES = 120_000
const SENT = Uint8Array.from({ length: BYTES }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 0xff)

/** A fault per kind. Each kind has one, so that a new kind does not stay untested. */
const FAULTS: Readonly<Record<FaultName, readonly Fault[]>> = {
  'link-down': [{ kind: 'link-down' }],
  flap: [{ kind: 'flap', upMs: 30, downMs: 70 }],
  'black-hole': [{ kind: 'black-hole' }],
  loss: [
    { kind: 'loss', rate: 0.02 },
    { kind: 'loss', rate: 0.25 },
  ],
  'gilbert-elliott': [{ kind: 'gilbert-elliott', p: 0.03, r: 0.3 }],
  duplicate: [{ kind: 'duplicate', rate: 0.5 }],
  rate: [{ kind: 'rate', bitsPerSecond: 2_000_000, bufferPackets: 8 }],
  delay: [
    { kind: 'delay', ms: 30, jitterMs: 30, reorders: true },
    { kind: 'delay', ms: 250, jitterMs: 50, distribution: 'pareto' },
  ],
  reorder: [
    { kind: 'reorder', rate: 0.3, byMs: 40 },
    { kind: 'reorder', rate: 0.1, byMs: 30, selected: 'early' },
  ],
}
/** Kinds that let no packet pass while they last. */
const SILENT: readonly FaultName[] = ['link-down', 'black-hole']

/** Sends the bytes in both directions at once, through a fault in one direction or both. */
function exchange(fault: Fault, direction: 'toServer' | 'toClient' | 'both', mss: number, seed: number): TwoHosts {
  const hosts = new TwoHosts({
    clientTcp: { mss, userTimeoutMs: 60_000 },
    serverTcp: { mss, userTimeoutMs: 60_000 },
    seed,
  })
  const directions = direction === 'both' ? (['toServer', 'toClient'] as const) : [direction]
  hosts.open()
  const faults = fault.kind === 'delay' ? [fault] : [fault, DELAY]
  for (const name of directions) hosts[name].faults = faults
  hosts.clock.schedule(hosts.clock.now + (SILENT.includes(fault.kind) ? 1_500 : 60_000), () => {
    for (const name of directions) hosts[name].faults = [DELAY]
  })
  for (const end of [hosts.client, hosts.server]) {
    end.endpoint!.send(SENT, hosts.clock.now)
    end.shutdown()
  }
  assert(hosts.drain(2_000_000), 'comes to an end')
  return hosts
}

for (const { kind } of FAULT_KINDS)
  t.test(`bytes are intact under ${kind}, in each direction and in both`, async () => {
    for (const fault of FAULTS[kind])
      for (const direction of ['toServer', 'toClient', 'both'] as const)
        for (const [seed, mss] of [
          [1, 1_400],
          [2, 65_495],
        ] as const) {
          const { client, server } = exchange(fault, direction, mss, seed)
          const where = `${JSON.stringify(fault)} ${direction}, mss ${mss}, seed ${seed}`
          assert(Buffer.from(server.received).equals(SENT), `${where}: bytes at the server`)
          assert(Buffer.from(client.received).equals(SENT), `${where}: bytes at the client`)
          assert(client.has(TcpEvent.CLOSED) && client.isClear && server.isClear, where)
        }
  })

t.test('reordering within the window of RACK retransmits nothing', async (t) => {
  // 20 ms round trip: once reordering was seen, the window is 5 ms.
  const hosts = new TwoHosts({
    faults: [{ kind: 'delay', ms: 10 }],
    clientTcp: { mss: 1_000 },
    serverTcp: { mss: 1_000 },
  })
  hosts.client.connect()
  hosts.clock.advance(50)
  hosts.toServer.faults = [
    { kind: 'delay', ms: 10 },
    { kind: 'reorder', rate: 0.2, byMs: 4.5 },
  ]
  for (let i = 0; i < 40; i++) {
    // Few enough that fewer than three segments overtake one: more count as a loss at first.
    hosts.client.send(...SENT.subarray(i * 3_000, (i + 1) * 3_000))
    hosts.clock.advance(25)
  }
  hosts.clock.advance(500)
  t.ok(Buffer.from(hosts.server.received).equals(SENT))
  t.ok(hosts.server.endpoint!.outOfOrder > 3, `${hosts.server.endpoint!.outOfOrder} out of order`)
  t.equal(hosts.client.endpoint!.retransmits, 0)
})

t.test('a window that was reduced without a loss is restored', async (t) => {
  const hosts = new TwoHosts({
    faults: [{ kind: 'delay', ms: 10 }],
    clientTcp: { mss: 1_000 },
    serverTcp: { mss: 1_000 },
  })
  hosts.client.connect()
  hosts.clock.advance(50)
  const before = hosts.client.endpoint!.congestionWindow
  // The first segment is held for so long that it counts as lost.
  const put = hosts.toServer.send.bind(hosts.toServer)
  let count = 0
  hosts.toServer.send = (segment) => {
    if (segment.length < 1_000 || count++ !== 0) put(segment)
    else hosts.clock.schedule(hosts.clock.now + 15, () => put(segment))
  }
  hosts.client.send(...SENT.subarray(0, 9_000))
  hosts.clock.advance(24)
  t.equal(hosts.client.endpoint!.retransmits, 1)
  t.ok(hosts.client.endpoint!.congestionWindow < before)
  hosts.clock.advance(100)
  t.equal(hosts.client.endpoint!.retransmits, 1)
  t.ok(hosts.client.endpoint!.congestionWindow >= before, 'a D-SACK has shown that nothing was lost')
})
