import assert from 'node:assert/strict'
import { ipv4TotalLength } from '@fivetuple/packet'
import fc from 'fast-check'
import t from 'tap'
import { EdgePair, PORT, type Recorder } from './edge-pair.js'

const NOTHING = { flows: 0, timers: 0 }

/** One flow's story: what each end sends in pieces, and how it finishes. */
const story = fc.record({
  up: fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 5 }),
  down: fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 5 }),
  startMs: fc.nat(50),
  finish: fc.constantFrom('both', 'both', 'both', 'client resets', 'server resets'),
})

t.test('any flows side by side: every byte arrives in order, every end is reported, no state is left', async () => {
  fc.assert(
    fc.property(fc.array(story, { minLength: 1, maxLength: 8 }), fc.nat(3), (stories, blockedTimes) => {
      const pair = new EdgePair({ tcp: { windowBytes: 4_000, sendBufferBytes: 4_000, mss: 1_000 } })
      const { clock } = pair
      for (let i = 1; i <= blockedTimes; i++) {
        clock.schedule(1_000 + 20 * i, () => {
          pair.client.wire.blocked = true
        })
        clock.schedule(1_010 + 20 * i, () => {
          pair.client.wire.blocked = false
          pair.client.edge.portUnblocked(PORT, clock.now)
        })
      }
      const clients: Recorder[] = []
      const servers = new Map<number, Recorder>()
      stories.forEach(({ up, down, startMs, finish }, i) => {
        const play = (end: Recorder, pieces: readonly number[], resets: boolean): void => {
          pieces.forEach((bytes, k) => {
            clock.schedule(clock.now + k, () => end.send(new Uint8Array(bytes).fill(i * 8 + k)))
          })
          clock.schedule(clock.now + pieces.length, () => (resets ? end.abort() : end.end()))
        }
        clock.schedule(1_000 + startMs, () => {
          const client = pair.dial(40_000 + i)!
          clients[i] = client
          play(client, up, finish === 'client resets')
          const wait = (): void => {
            const server = pair.accepted.find(({ flow }) => flow.remotePort === 40_000 + i)
            if (server === undefined) {
              if (!client.events.includes('closed')) clock.schedule(clock.now + 1, wait)
              return
            }
            servers.set(i, server)
            play(server, down, finish === 'server resets')
          }
          wait()
        })
      })
      clock.advance(100)
      assert.deepEqual(pair.leftovers(), NOTHING)
      stories.forEach(({ up, down, finish }, i) => {
        const [client, server] = [clients[i]!, servers.get(i)]
        assert.equal(client.events.at(-1), 'closed')
        if (server !== undefined) assert.equal(server.events.at(-1), 'closed')
        const bytes = (pieces: readonly number[]) => Buffer.concat(pieces.map((n, k) => Buffer.alloc(n, i * 8 + k)))
        const [sent, answered] = [bytes(up), bytes(down)]
        if (finish === 'both') {
          assert.deepEqual(
            client.events.filter((event) => event !== 'writable'),
            ['connected', 'end', 'closed'],
          )
          assert(server?.received.equals(sent) && client.received.equals(answered))
        }
        if (server !== undefined) assert(sent.subarray(0, server.received.length).equals(server.received))
        assert(answered.subarray(0, client.received.length).equals(client.received))
      })
      for (const packet of [...pair.client.wire.log, ...pair.server.wire.log])
        assert.equal(packet.length, ipv4TotalLength(packet, 0))
    }),
    { numRuns: 60 },
  )
})

t.test('10,000 flows opened and closed leave nothing', async (t) => {
  const pair = new EdgePair({ maxFlows: 10_000 })
  const clients: Recorder[] = []
  for (let i = 0; i < 10_000; i++) clients.push(pair.dial(10_000 + i)!)
  pair.run(20)
  t.equal(pair.client.edge.flowCount, 10_000)
  clients.forEach((client, i) => {
    if (i % 2) client.abort()
    else client.end()
  })
  pair.run(5)
  for (const server of pair.accepted) server.end()
  t.same(pair.leftovers(), NOTHING)
  t.equal(pair.accepted.filter(({ events }) => events.at(-1) !== 'closed').length, 0)
})
