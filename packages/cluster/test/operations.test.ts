import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import {
  ApiClient,
  type ClusterControl,
  createApiServer,
  OPERATIONS,
  operation,
  streamingOperation,
} from '@fivetuple/cluster'
import type { Command } from 'commander'
import t, { type Test } from 'tap'
import Type from 'typebox'
import { Check } from 'typebox/value'
import { openApiDocument } from '../dist/api/openapi.js'
import { fivetupleCommand } from '../dist/cli/program.js'
import { renamedTo } from '../dist/cli/renamed.js'
import type { CommandShape } from '../dist/operations/command.js'
import { placeOf } from '../dist/operations/operation.js'

const Lb = Type.Object({ lb: Type.String() }, { additionalProperties: false })
const output = async () => ({ text: (result: unknown) => JSON.stringify(result) })

/** Two operations that no file of the product knows. */
const REGISTRY = [
  operation({
    name: 'lb.ping',
    summary: 'Pings an LB.',
    method: 'GET',
    path: '/v1/lbs/:lb/ping',
    parameters: Type.Object({
      lb: Type.String(),
      count: Type.Optional(Type.Integer({ minimum: 1 })),
      via: Type.Optional(Type.Array(Type.String())),
    }),
    result: Type.Object({ lb: Type.String(), count: Type.Integer(), via: Type.Array(Type.String()) }),
    commands: [
      {
        words: 'lb ping',
        group: 'Operation:',
        description: 'ping an LB',
        arguments: [{ sets: 'lb', description: 'name of the LB', completes: 'lb' }],
        options: [{ flags: '--side <side>', sets: 'via', description: 'switch', choices: ['uplink', 'downlink'] }],
        examples: ['lb ping lb-2'],
        output,
      },
    ],
    run: async (_control, { lb, count = 1, via = [] }) => ({ lb, count, via }),
  }),
  streamingOperation({
    name: 'lb.count-down',
    summary: 'Counts down.',
    method: 'POST',
    path: '/v1/lbs/:lb/count-down',
    parameters: Type.Object({ lb: Type.String(), from: Type.Optional(Type.Integer()) }),
    progress: Type.Object({ left: Type.Integer() }),
    result: Lb,
    commands: [
      { words: 'lb count-down', group: 'Operation:', description: 'count down', examples: ['lb count-down'], output },
    ],
    async *run(_control, { lb, from = 2 }) {
      for (let left = from; left > 0; left--) yield { left }
      if (lb === 'lb-9') throw new Error('a secret of the launcher')
      return { lb }
    },
  }),
] as const

/** No fixture uses it. */
const CONTROL: ClusterControl = Object.assign(JSON.parse('{}'), {
  events: { operate: (_operation: unknown, run: () => unknown) => run() },
})

/** A control API that serves {@link REGISTRY}, and its client. */
async function served(t: Test) {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  const server = createApiServer({ address: '127.0.0.1', port, token: 'x', control: CONTROL, operations: REGISTRY })
  await server.listen({ host: '127.0.0.1', port })
  t.teardown(() => server.close())
  return new ApiClient({ api: `http://127.0.0.1:${port}`, token: 'x' }, REGISTRY)
}

function commandOf(program: Command, words: string): Command | undefined {
  return words
    .split(' ')
    .reduce<Command | undefined>((command, word) => command?.commands.find((known) => known.name() === word), program)
}

t.test('an operation is in the API and in the client, with its types', async (t) => {
  const client = await served(t)
  const pong = await client.operations.lb.ping({ lb: 'lb-2', count: 3, via: ['a', 'b'] })
  const count: number = pong.count // typed by the schema
  t.equal(count, 3)
  t.same(await client.run('lb.ping', { lb: 'lb-2', via: ['a', 'b'] }), { lb: 'lb-2', count: 1, via: ['a', 'b'] })
  // @ts-expect-error: a parameter that the operation does not have
  await t.rejects(client.run('lb.ping', { lb: 'lb-2', size: 1 }), /querystring must not have 'size'/)
  await t.rejects(client.run('lb.ping', { lb: 'lb-2', count: 0 }), {
    status: 400,
    message: /querystring.count must be >= 1/,
  })
  await t.rejects(client.request('DELETE', '/v1/lbs/lb-2/ping'), { status: 405, message: /it takes GET, HEAD/ })
})

t.test('an operation that streams yields its progress and then its result', async (t) => {
  const client = await served(t)
  const seen: unknown[] = []
  for await (const step of client.operations.lb.countDown({ lb: 'lb-1' })) seen.push(step)
  t.same(seen, [{ left: 2 }, { left: 1 }, { lb: 'lb-1' }])
  const failing = client.run('lb.count-down', { lb: 'lb-9' })
  t.same((await failing.next()).value, { left: 2 })
  await failing.next()
  await t.rejects(failing.next(), { status: 500, message: /internal error of the launcher/ })
  await t.rejects(
    client.run('lb.count-down', { lb: 'lb-9', from: 0 }).next(),
    { message: /internal error/ },
    'before any progress',
  )
})

t.test('an operation is in the OpenAPI document', async (t) => {
  t.match(await openApiDocument(REGISTRY), {
    openapi: /^3\.1/,
    paths: {
      '/v1/lbs/{lb}/ping': {
        get: {
          operationId: 'lb.ping',
          summary: 'Pings an LB.',
          parameters: [
            { name: 'lb', in: 'path', required: true },
            { name: 'count', in: 'query', required: false },
            { name: 'via', in: 'query', explode: false },
          ],
        },
      },
      '/v1/lbs/{lb}/count-down': {
        post: {
          operationId: 'lb.count-down',
          requestBody: { required: false },
          responses: { 200: { content: { 'application/x-ndjson': {} } } },
        },
      },
    },
  })
})

t.test('an operation is in help and completion', async (t) => {
  const program = fivetupleCommand(REGISTRY)
  t.match(program.helpInformation(), /Operation:\n {2}lb /)
  const ping = commandOf(program, 'lb ping')
  t.match(ping?.helpInformation(), /ping an LB/)
  const written: string[] = []
  const write = process.stdout.write
  process.stdout.write = (text: string | Uint8Array) => written.push(String(text)) > 0
  t.teardown(() => {
    process.stdout.write = write
  })
  await fivetupleCommand(REGISTRY).parseAsync(['complete', '--', 'lb', 'p'], { from: 'user' })
  await fivetupleCommand(REGISTRY).parseAsync(['complete', '--', 'lb', 'ping', 'lb-2', '--side', ''], { from: 'user' })
  process.stdout.write = write
  t.same(written, ['ping\n', 'uplink\n', 'downlink\n'])
})

t.test('each operation has a name, a path and commands of its own, and examples that parse', async (t) => {
  t.equal(new Set(OPERATIONS.map(({ name }) => name)).size, OPERATIONS.length)
  t.equal(new Set(OPERATIONS.map(({ method, path }) => `${method} ${path}`)).size, OPERATIONS.length)
  const words = OPERATIONS.flatMap(({ commands }) => commands.map((shape) => shape.words))
  t.equal(new Set(words).size, words.length)
  for (const row of OPERATIONS) {
    t.ok(row.commands.length > 0, `${row.name} has a command`)
    for (const [, parameter] of row.path.matchAll(/:(\w+)/g))
      t.equal(placeOf(row, parameter!), 'path', `${row.name}: ${parameter} of its path is a parameter`)
    for (const shape of row.commands as readonly CommandShape[])
      for (const example of shape.examples) {
        t.ok(example.startsWith(shape.words), `'${example}' is an example of ${shape.words}`)
        const sent = await parametersOf(example)
        t.equal(sent?.name, row.name, `'${example}' sends ${row.name}`)
        t.ok(Check(row.parameters, sent?.parameters), `${JSON.stringify(sent?.parameters)} of '${example}'`)
      }
  }
})

t.test('a limit of 0 is sent as null, and repeated weights add up', async (t) => {
  t.same((await parametersOf('vip set web --max-sessions 0 --weight a=1 --weight b=2'))?.parameters, {
    vip: 'web',
    weights: { a: 1, b: 2 },
    limits: { maxSessions: null },
  })
})

t.test('a former name is an error whose remedy is the new one', async (t) => {
  for (const [line, remedy] of [
    ['hang lb-2', "'hang' is 'pause' now"],
    ['cable cut lb-2', "'cable cut' is 'link down' now"],
    ['backend heal backend-1', "'backend heal' is 'backend restore' now"],
    ['kill lb-2 --hold', "'--hold' is '--keep-stopped' now"],
    ['pause lb-2', undefined],
  ] as const)
    t.equal(renamedTo(line.split(' ')), remedy, line)
})

/** Parameters that a command line sends, without a cluster. */
async function parametersOf(line: string): Promise<{ name: string; parameters: unknown } | undefined> {
  let sent: { name: string; parameters: unknown } | undefined
  const program = fivetupleCommand(OPERATIONS, async (row, _shape, parameters) => {
    sent = { name: row.name, parameters }
  })
  await program.parseAsync(line.split(' '), { from: 'user' })
  return sent
}
