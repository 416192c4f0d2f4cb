import { type ClusterControl, createApiServer, operation } from '@fivetuple/cluster'
import t, { type Test } from 'tap'
import Type from 'typebox'
import { BURST, RATE_PER_S, STRANGERS_BURST } from '../../dist/api/guard.js'

const PING = operation({
  name: 'ping',
  summary: 'Pings the launcher.',
  method: 'GET',
  path: '/v1/ping',
  parameters: Type.Object({}),
  result: Type.Object({ isAlive: Type.Boolean() }),
  commands: [],
  run: async () => ({ isAlive: true }),
})

/** No operation of the tests uses it. */
const CONTROL: ClusterControl = JSON.parse('{}')

/** A server on a clock of its own, and a function that counts the responses to requests per status. */
function served(t: Test) {
  const clock = { nowMs: 0 }
  const now = () => clock.nowMs
  const server = createApiServer({
    address: '127.0.0.1',
    port: 1,
    token: 'x',
    control: CONTROL,
    operations: [PING],
    now,
  })
  t.teardown(() => server.close())
  const flood = async (token: string, count: number) => {
    const headers = { host: '127.0.0.1:1', authorization: `Bearer ${token}` }
    const counts: Record<number, number> = {}
    for (let i = 0; i < count; i++) {
      const response = await server.inject({ url: '/v1/ping', headers })
      counts[response.statusCode] = (counts[response.statusCode] ?? 0) + 1
      if (response.statusCode === 429) t.equal(response.headers['retry-after'], '1')
    }
    return counts
  }
  return { clock, flood }
}

t.test('a flood is responded to with 429 from the limit on, and admitted again with time', async (t) => {
  const { clock, flood } = served(t)
  t.strictSame(await flood('x', BURST + 3), { 200: BURST, 429: 3 })
  clock.nowMs += 1_000
  t.strictSame(await flood('x', RATE_PER_S + 2), { 200: RATE_PER_S, 429: 2 })
})

t.test('a flood without the token does not use up the limit of the operator', async (t) => {
  const { flood } = served(t)
  t.strictSame(await flood('guess', STRANGERS_BURST + 3), { 401: STRANGERS_BURST, 429: 3 })
  t.strictSame(await flood('x', 10), { 200: 10 })
})
