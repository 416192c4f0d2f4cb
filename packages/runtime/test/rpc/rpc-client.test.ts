import t from 'tap'
import Type from 'typebox'
import { type EventOf, RpcClient, type RpcRequest } from '../../dist/index.js'
import { strict, Text } from '../../dist/schemas.js'

const contract = {
  file: 'contract.ts',
  methods: { greet: { params: strict({ name: Text }), result: Text } },
  events: { greeted: Type.Integer() },
}

function connect() {
  const sent: RpcRequest[] = []
  const events: EventOf<typeof contract>[] = []
  const starts: string[] = []
  const rpc = new RpcClient({
    name: 'lb-1',
    send: (request) => sent.push(request),
    onReady: () => starts.push('ready'),
    onFailed: (reason) => starts.push(reason),
    onEvent: (event, data) => events.push({ event, data } as EventOf<typeof contract>),
    contract: async () => contract,
  })
  return { rpc, sent, events, starts }
}

t.test('responses reach their requests, in any order', async (t) => {
  const { rpc, sent } = connect()
  const [first, second] = [rpc.request('greet', { name: 'a' }, 1_000), rpc.request('greet', { name: 'b' }, 1_000)]
  t.same(
    sent.map(({ params }) => params),
    [{ name: 'a' }, { name: 'b' }],
  )
  rpc.receive({ kind: 'response', id: sent[1]!.id, result: 'hello b' })
  rpc.receive({ kind: 'response', id: sent[0]!.id, error: 'no' })
  rpc.receive({ kind: 'response', id: 99, result: 'nobody waits for it' })
  t.equal(await second, 'hello b')
  await t.rejects(first, { message: 'no' })
})

t.test('messages that are no reports are ignored', async (t) => {
  const { rpc, events, starts } = connect()
  const request = rpc.request('greet', { name: 'a' }, 1_000)
  const odd = [undefined, null, 'ready', 1, [], {}, { kind: 'odd' }, { kind: 'failed' }, { kind: 'event', event: 1 }]
  for (const message of [...odd, { kind: 'response', id: '1' }, { kind: 'response', id: 1, error: {} }])
    rpc.receive(message)
  t.same([events, starts], [[], []])
  rpc.receive({ kind: 'ready' })
  rpc.receive({ kind: 'failed', reason: 'no port' })
  t.same(starts, ['ready', 'no port'])
  rpc.receive({ kind: 'response', id: 1, result: 'hello' })
  t.equal(await request, 'hello')
})

t.test('open requests are rejected when the process ends', async (t) => {
  const { rpc } = connect()
  const request = rpc.request('greet', { name: 'a' }, Number.POSITIVE_INFINITY)
  rpc.rejectAll('lb-1 has exited')
  await t.rejects(request, { message: 'lb-1 has exited' })
})

t.test('with checks on, results that violate the contract are rejected, and events stay in order', async (t) => {
  process.env.FIVETUPLE_CHECK_MESSAGES = '1'
  t.teardown(() => {
    delete process.env.FIVETUPLE_CHECK_MESSAGES
  })
  const { rpc, sent, events } = connect()
  const good = rpc.request('greet', { name: 'a' }, 1_000)
  const bad = rpc.request('greet', { name: 'b' }, 1_000)
  rpc.receive({ kind: 'event', event: 'greeted', data: 1 })
  rpc.receive({ kind: 'event', event: 'greeted', data: 2 })
  rpc.receive({ kind: 'response', id: sent[0]!.id, result: 'hello' })
  rpc.receive({ kind: 'response', id: sent[1]!.id, result: 1 })
  t.equal(await good, 'hello')
  await t.rejects(bad, /the result of 'greet' violates contract.ts/)
  t.same(
    events.map(({ data }) => data),
    [1, 2],
  )
})
