import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type Backend, parseBehaviorChange, startBackend, treat } from '@fivetuple/backend'
import t, { type Test } from 'tap'

const GOOD = { delayMs: 0, failRatio: 0, refuse: false, stall: false, healthz: 'same' } as const
/** All tests of this file share one process, one after the other. */
const ADDRESS = '127.69.1.1'
const URL = `http://${ADDRESS}:8080`

async function start(t: Test): Promise<Backend> {
  const backend = await startBackend({ name: 'b1', address: ADDRESS, port: 8080 })
  t.teardown(() => backend.close())
  return backend
}

/** A request on a connection of its own: its status, or the errno. */
function ask(path: string): Promise<number | string> {
  return new Promise((resolve) => {
    const socket = connect(8080, ADDRESS, () => socket.write(`GET ${path} HTTP/1.0\r\n\r\n`))
    socket.setEncoding('latin1').on('data', (text: string) => {
      resolve(Number(text.slice(9, 12)))
      socket.destroy()
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? ''))
  })
}

for (const [name, change, isHealthCheck, random, expected] of [
  ['nothing is wrong', {}, false, 0, 'serve'],
  ['a delay', { delayMs: 5 }, false, 0, 'serve'],
  ['below the ratio', { failRatio: 0.5 }, false, 0.49, 'fail'],
  ['at the ratio', { failRatio: 0.5 }, false, 0.5, 'serve'],
  ['a ratio of one', { failRatio: 1 }, false, 0.999, 'fail'],
  ['stalled', { stall: true }, false, 0.9, 'stall'],
  ['stalling comes before failing', { stall: true, failRatio: 1 }, false, 0, 'stall'],
  ['health as all', { failRatio: 1 }, true, 0, 'fail'],
  ['health stays good', { failRatio: 1, stall: true, healthz: 'ok' }, true, 0, 'serve'],
  ['health alone is bad', { healthz: 'failing' }, true, 0.9, 'fail'],
  ['health alone is bad, the rest is not', { healthz: 'failing' }, false, 0.9, 'serve'],
] as const)
  t.test(`treatment of a request: ${name}`, async (t) => {
    const { outcome, delayMs } = treat({ ...GOOD, ...change }, isHealthCheck, () => random)
    t.equal(outcome, expected)
    t.equal(delayMs, 'delayMs' in change ? change.delayMs : 0)
  })

t.test('a change is checked, all of it', async (t) => {
  const change = { delayMs: 20, failRatio: 0.1, refuse: true, stall: false, healthz: 'ok' }
  t.same(parseBehaviorChange(change), change)
  t.same(parseBehaviorChange({}), {})
  for (const value of [null, 7, [], undefined, 'slow'])
    t.throws(() => parseBehaviorChange(value), /must be an object with/)
  t.throws(
    () => parseBehaviorChange({ delayMs: -1, failRatio: 2, refuse: 1, stall: 'no', healthz: 'bad', slow: true }),
    /delayMs is -1: it must be a number from 0 to 600000; failRatio is 2: .*; refuse is 1: it must be true or false; stall is "no": .*; healthz is "bad": it must be one of same, ok, failing; slow is unknown: the fields are delayMs/,
  )
  t.throws(() => parseBehaviorChange({ delayMs: Number.NaN }), /delayMs is null/)
  t.throws(() => parseBehaviorChange({ delayMs: undefined }), /delayMs is undefined/)
})

t.test('the behaviour is set while it serves, field by field', async (t) => {
  const backend = await start(t)
  t.match(await backend.status(), { name: 'b1', address: ADDRESS, port: 8080, listening: true, behavior: GOOD })
  t.same(await backend.setBehavior({ failRatio: 1 }), { ...GOOD, failRatio: 1 })
  t.same(await backend.setBehavior({ healthz: 'ok' }), { ...GOOD, failRatio: 1, healthz: 'ok' })
  t.equal(await ask('/'), 503)
  t.equal(await ask('/nowhere'), 503)
  t.equal(await ask('/healthz'), 200)
  await backend.setBehavior({ failRatio: 0, healthz: 'failing' })
  t.equal(await ask('/'), 200)
  t.equal(await ask('/healthz'), 503)
  await t.rejects(backend.setBehavior({ delayMs: 'long' }), { message: /delayMs is "long"/ })
  t.match(await backend.status(), { requests: 5, healthChecks: 2, failed: 3, behavior: { healthz: 'failing' } })
})

t.test('about the given share of requests fails', async (t) => {
  const backend = await start(t)
  await backend.setBehavior({ failRatio: 0.5 })
  const statuses = await Promise.all(Array.from({ length: 200 }, () => ask('/')))
  const failed = statuses.filter((status) => status === 503).length
  t.equal(statuses.filter((status) => status === 200).length, 200 - failed)
  t.equal((await backend.status()).failed, failed)
  t.ok(failed > 50 && failed < 150, `${failed} of 200`) // 7 standard deviations
})

t.test('a delay applies to the response', async (t) => {
  const backend = await start(t)
  await backend.setBehavior({ delayMs: 30 })
  const before = performance.now()
  t.equal(await ask('/'), 200)
  t.ok(performance.now() - before >= 29)
})

t.test('a stalled request gets no response, and is dropped when its client closes', async (t) => {
  const backend = await start(t)
  await backend.setBehavior({ stall: true })
  const client = connect(8080, ADDRESS, () => client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'))
  client.on('data', () => t.fail('an answer'))
  while ((await backend.status()).stalled < 1) await new Promise(setImmediate)
  await backend.setBehavior({ stall: false })
  t.equal(await ask('/'), 200, 'others are served again')
  t.equal((await backend.status()).stalled, 1)
  client.destroy()
  while ((await backend.status()).stalled > 0) await new Promise(setImmediate)
  t.pass('nothing is stalled any more')
})

t.test('a backend that stalls can be stopped', async (t) => {
  const backend = await startBackend({ name: 'b1', address: ADDRESS, port: 8080 })
  await backend.setBehavior({ stall: true })
  const client = connect(8080, ADDRESS, () => client.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')).on('error', () => {})
  while ((await backend.status()).stalled < 1) await new Promise(setImmediate)
  const closed = new Promise((resolve) => client.on('close', resolve))
  await backend.close()
  await closed
  t.pass('stopped')
})

t.test('it refuses new connections, serves established ones, and listens again', async (t) => {
  const backend = await start(t)
  const standing = connect(8080, ADDRESS)
  t.teardown(() => standing.destroy())
  standing.setEncoding('latin1')
  const answer = async (): Promise<string> => {
    standing.write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
    return ((await once(standing, 'data')) as [string])[0].slice(9, 12)
  }
  t.equal(await answer(), '200')
  await backend.setBehavior({ refuse: true })
  await backend.setBehavior({ refuse: true })
  t.equal(await ask('/'), 'ECONNREFUSED')
  t.equal(await answer(), '200', 'the connection that stands is kept, idle as it is')
  t.match(await backend.status(), { listening: false, connections: 1, behavior: { refuse: true } })
  // Called without waiting in between, they still hold in this order.
  await Promise.all([false, true, false].map((refuse) => backend.setBehavior({ refuse })))
  t.equal(await ask('/'), 200)
  t.equal(await answer(), '200')
  await backend.setBehavior({ refuse: true })
})

t.test('an address that is taken meanwhile can not be listened on again', async (t) => {
  const backend = await start(t)
  await backend.setBehavior({ refuse: true })
  const other = await startBackend({ name: 'b2', address: ADDRESS, port: 8080 })
  await t.rejects(backend.setBehavior({ refuse: false }), { message: /127\.69\.1\.1:8080 is in use/ })
  t.match(await backend.status(), { listening: false, behavior: { refuse: true } })
  await other.close()
  t.match(await backend.setBehavior({ refuse: false }), { refuse: false })
  t.equal(await ask('/'), 200)
})

t.test('UDP echoes, does not respond while it stalls, and is refused with the rest', async (t) => {
  const backend = await start(t)
  const client = createSocket('udp4')
  t.teardown(() => client.close())
  await new Promise<void>((resolve) => client.connect(8080, ADDRESS, resolve))
  const received: string[] = []
  client.on('message', (payload) => received.push(payload.toString()))
  const echo = async (text: string): Promise<void> => {
    client.send(text)
    await once(client, 'message')
  }
  await echo('one')
  await backend.setBehavior({ stall: true })
  client.send('two')
  while ((await backend.status()).datagrams < 2) await new Promise(setImmediate)
  await backend.setBehavior({ stall: false })
  await echo('three')
  await backend.setBehavior({ refuse: true })
  const refused = once(client, 'error') as Promise<[NodeJS.ErrnoException]>
  client.send('four')
  t.equal((await refused)[0].code, 'ECONNREFUSED')
  await backend.setBehavior({ refuse: false })
  await echo('five')
  t.same(
    received.filter((text) => text !== 'two'),
    ['one', 'three', 'five'],
  )
})

t.test('fetch and keep-alive work through it all', async (t) => {
  const backend = await start(t)
  for (const change of [{ failRatio: 1 }, { failRatio: 0 }, { delayMs: 1 }]) {
    await backend.setBehavior(change)
    const response = await fetch(`${URL}/`)
    t.equal(response.status, 'failRatio' in change && change.failRatio === 1 ? 503 : 200)
    await response.arrayBuffer()
  }
})
