import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import t from 'tap'
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
nat: { timeouts: { udp: 12s } }
`,
  )
  const [host, port] = cluster.vip('echo').listen.split(':') as [string, string]
  const sockets: Socket[] = []
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
  // UDP may be lost on its way through kernel buffers, so ask again who has no answer.
  for (let round = 0; round < 10 && answered.size < FLOWS; round++) {
    for (const [i, socket] of sockets.entries()) {
      if (answered.has(i)) continue
      socket.send(`flow ${i}`, Number(port), host)
      if (i % 20 === 19) await new Promise(setImmediate)
    }
    lastAnswerAt = performance.now()
    await until(() => answered.size === FLOWS || performance.now() - lastAnswerAt > 500, 'no more answers come')
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
  const lists = await cluster.api.sessions('all', 'echo', FLOWS)
  const translations = lists.flatMap(({ sessions: list }) => list.map(({ bip, backend }) => `${bip} ${backend}`))
  t.equal(translations.length, FLOWS)
  t.equal(new Set(translations).size, FLOWS, 'no two flows share BIP, port and backend')
  for (const socket of sockets.slice(0, 50)) {
    const { address, port: clientPort } = socket.address()
    const { route, session } = await cluster.api.explain(`${address}:${clientPort}`, 'echo')
    if (session?.state !== 'udp' || cluster.lbOf(session.bip.split(':')[0]!) !== route?.lb)
      throw new Error('explain is wrong')
  }
  for (const socket of sockets) socket.close()
  await cluster.untilEmpty()
})

t.test('a backend that is gone is noticed: ICMP port unreachable reaches the LB', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.87.0.0/16',
    ['--lbs', '1'],
    `backends: [{ name: nobody, address: 127.87.3.9, port: 9 }]
vips: [{ name: void, port: 5353, protocol: udp }]
`,
  )
  const socket = await open('127.87.100.1')
  t.teardown(() => socket.close())
  await until(async () => {
    socket.send('anyone?', 5353, '127.87.10.1')
    const { switches } = await cluster.api.status()
    return (switches.downlink?.edge.udpRefused ?? 0) > 0 && (switches.uplink?.ports[0]?.packetsIn ?? 0) > 0
  }, 'the refusal has come back to the uplink switch')
  t.pass()
})
