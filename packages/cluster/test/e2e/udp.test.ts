import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { TestCluster, until } from './test-cluster.js'

const FLOWS = 10_000

/** A UDP client at an address of its own. */
async function open(address: string): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind({ address, port: 0 })
  await once(socket, 'listening')
  return socket
}

t.test(`${FLOWS} UDP flows: each answer comes back to its client, by the LB that explain names`, async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.86.0.0/16',
    [],
    `vips:
  - { name: echo, port: 5353, protocol: udp }
nat: { timeouts: { udp: 45s } }
`,
  )
  const [host, port] = cluster.vip('echo').listen.split(':') as [string, string]
  const sockets: Socket[] = []
  t.teardown(() => {
    for (const socket of sockets) socket.close()
  })
  const answered = new Set<number>()
  let wrong = 0
  let lastAnswerAt = 0
  for (let i = 0; i < FLOWS; i++) {
    const socket = await open(`127.86.10${i % 4}.${1 + (i % 250)}`)
    socket.on('message', (payload, peer) => {
      lastAnswerAt = performance.now()
      if (payload.toString() === `flow ${i}` && peer.address === host && peer.port === Number(port)) answered.add(i)
      else wrong++
    })
    sockets.push(socket)
  }
  // Kernel buffers may drop datagrams, so clients without a response send again.
  for (let round = 0; round < 10 && answered.size < FLOWS; round++) {
    for (const [i, socket] of sockets.entries()) {
      if (answered.has(i)) continue
      socket.send(`flow ${i}`, Number(port), host)
      if (i % 20 === 19) await new Promise(setImmediate)
    }
    lastAnswerAt = performance.now()
    await until(() => answered.size === FLOWS || performance.now() - lastAnswerAt > 500, 'no more responses arrive')
  }
  t.equal(answered.size, FLOWS)
  t.equal(wrong, 0)
  const { lbs } = await cluster.api.status()
  const sessions = Object.values(lbs).map((lb) => lb.sessions)
  t.equal(
    sessions.reduce((a, b) => a + b, 0),
    FLOWS,
    `sessions by LB: ${sessions}`,
  )
  const lists = await cluster.api.sessions({ lb: 'all', vip: 'echo', limit: FLOWS })
  const translations = lists.flatMap(({ sessions: list }) => list.map(({ bip, backend }) => `${bip} ${backend}`))
  t.equal(translations.length, FLOWS)
  t.equal(new Set(translations).size, FLOWS, 'no two flows share BIP, port and backend')
  for (const socket of sockets.slice(0, 50)) {
    const { address, port: clientPort } = socket.address()
    const { route, session } = await cluster.api.explain({ client: `${address}:${clientPort}`, vip: 'echo' })
    if (session?.state !== 'udp' || cluster.lbOf(session.bip.split(':')[0]!) !== route?.lb)
      throw new Error('explain is wrong')
  }
  await cluster.untilEmpty(90_000)
})

/** A backend of our own that answers with its name. */
async function answer(t: Test, address: string): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', (_payload, { port, address: from }) => socket.send(address, port, from))
  socket.bind({ address, port: 9 })
  await once(socket, 'listening')
  t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())))
}

t.test('backends that refuse datagrams or are drained lose their UDP flows, and no drain waits for them', async (t) => {
  const [one, two] = ['127.87.3.1', '127.87.3.2']
  const cluster = await TestCluster.start(
    t,
    '127.87.0.0/16',
    ['--lbs', '2'],
    `backends:
  - { name: one, address: ${one}, port: 9 }
  - { name: two, address: ${two}, port: 9 }
  - { name: nobody, address: 127.87.3.9, port: 9 }
vips:
  - { name: echo, port: 5353, protocol: udp }
  - { name: void, port: 5354, protocol: udp, backends: [nobody] }
`,
  )
  for (const address of [one, two]) await answer(t, address)
  const refused = await open('127.87.100.1')
  t.teardown(() => refused.close())
  await until(async () => {
    refused.send('anyone?', 5354, cluster.vip('void').listen.split(':')[0]!)
    const { switches } = await cluster.api.status()
    return (
      (switches.downlink?.edge.udpRefused ?? 0) > 0 &&
      switches.uplink?.ports.some(({ packetsIn }) => packetsIn > 0) === true
    )
  }, 'without another backend the refusal has come back to the uplink switch')

  const clients = await Promise.all(
    Array.from({ length: 24 }, async (_, i) => {
      const socket = await open(`127.87.100.${10 + i}`)
      const client = { socket, answers: [] as string[] }
      socket.on('message', (payload) => client.answers.push(String(payload)))
      t.teardown(() => new Promise<void>((resolve) => socket.close(() => resolve())))
      return client
    }),
  )
  const host = cluster.vip('echo').listen.split(':')[0]!
  /** Sends datagrams of all clients until each has a new answer that is as wanted. */
  const ask = async (isWanted: (answer: string) => boolean, what: string): Promise<void> => {
    for (const { answers } of clients) answers.length = 0
    await until(() => {
      const waiting = clients.filter(({ answers }) => !answers.some(isWanted))
      for (const { socket } of waiting) socket.send('x', 5353, host)
      return waiting.length === 0
    }, what)
  }
  const lbs = async () => Object.values((await cluster.api.status()).lbs)
  await ask(() => true, 'every client has a response, and no flow stays with the backend that refuses')
  const failures = (await lbs()).flatMap(({ services }) =>
    services
      .find(({ name }) => name === 'echo')!
      .backends.map(({ name, connectFailures }) => ({ name, connectFailures })),
  )
  t.ok(failures.some(({ name, connectFailures }) => name === 'nobody' && connectFailures > 0))
  t.ok(failures.every(({ name, connectFailures }) => name === 'nobody' || connectFailures === 0))

  const sessions = async () => (await lbs()).flatMap((lb) => lb.services.flatMap(({ backends }) => backends))
  const drained = cluster.cli('backend', 'drain', 'one', '--deadline', '25s')
  await ask((answer) => answer === two, 'all flows have the other backend')
  t.match(await drained, { code: 0, stdout: /one is empty/ }, 'sooner than idle sessions end')
  clients[0]!.answers.length = 0
  await ask((answer) => answer === two, 'and they stay there')
  t.ok(clients.every(({ answers }) => answers.every((answer) => answer === two)))
  t.ok((await sessions()).every(({ name, sessionsToDrain }) => name !== 'one' || sessionsToDrain === 0))

  const withUdp = (await lbs()).find(({ sessionsByState }) => sessionsByState.udp! > 0)!.name
  t.match(await cluster.cli('lb', 'drain', withUdp, '--deadline', '25s'), { code: 0, stdout: / is empty/ })
  t.ok(
    (await lbs()).find(({ name }) => name === withUdp)!.sessions > 0,
    'its sessions of gone flows are left to time out',
  )
  await ask(() => true, 'the other LB has the flows')
})
