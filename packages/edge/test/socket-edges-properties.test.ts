import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { SocketNet, until } from './socket-fabric.js'

const net = new SocketNet(31)

/** What one end does: the sizes of what it writes, one after the other, and after how many chunks it does not read for how long. */
interface Plan {
  readonly sizes: readonly number[]
  readonly pauseEvery: number
  readonly pauseMs: number
}

const size = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 8_000, max: 9_000 }),
  fc.integer({ min: 65_400, max: 65_600 }),
  fc.integer({ min: 1, max: 3_000_000 }),
)
const plan: fc.Arbitrary<Plan> = fc.record({
  sizes: fc.array(size, { maxLength: 6 }),
  pauseEvery: fc.integer({ min: 1, max: 40 }),
  pauseMs: fc.integer({ min: 0, max: 4 }),
})

/** Carries a plan out; resolves with what was sent and received when both directions have ended. */
async function run(socket: Socket, { sizes, pauseEvery, pauseMs }: Plan) {
  const sent = createHash('sha256')
  const received = createHash('sha256')
  let chunks = 0
  socket.on('data', (chunk) => {
    received.update(chunk)
    if (++chunks % pauseEvery > 0) return
    socket.pause()
    setTimeout(() => socket.resume(), pauseMs)
  })
  const end = once(socket, 'end')
  for (const bytes of sizes) {
    const body = randomBytes(bytes)
    sent.update(body)
    if (!socket.write(body)) await once(socket, 'drain')
    else if (bytes % 2 === 0) await new Promise(setImmediate)
  }
  socket.end()
  await end
  return { sent: sent.digest('hex'), received: received.digest('hex') }
}

t.test('whatever both ends send at once, and however they read, arrives as it was sent', async (t) => {
  const plans = new Map<number, Plan>()
  const results = new Map<number, ReturnType<typeof run>>()
  const backend = await net.openBackend(t, (socket) => {
    const port = socket.remotePort!
    results.set(port, run(socket, plans.get(port)!))
  })
  const fabric = await net.openFabric(t, { tcp: { windowBytes: 131_072, sendBufferBytes: 131_072 } })
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(plan, plan), { minLength: 1, maxLength: 6 }), async (pairs) => {
      await Promise.all(
        pairs.map(async ([clientPlan, serverPlan]) => {
          const { socket, errors } = net.dial(t)
          await once(socket, 'connect')
          const port = socket.localPort!
          plans.set(port, serverPlan)
          const client = await run(socket, clientPlan)
          const server = await results.get(port)!
          assert.equal(server.received, client.sent)
          assert.equal(client.received, server.sent)
          assert.deepEqual(errors, [])
        }),
      )
      await until(() => fabric.flowCount === 0 && backend.open === 0)
      assert.ok(fabric.clients.isRetainingNothing && fabric.servers.isRetainingNothing)
      for (const wire of [fabric.toServers, fabric.toClients]) wire.log.length = 0
    }),
    { numRuns: 12 },
  )
  t.match(fabric.servers.counters, { reset: 0, timedOut: 0, unknown: 0 })
  t.same(backend.errors, [])
})
