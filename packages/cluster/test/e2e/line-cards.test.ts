import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { resultOf } from '@fivetuple/cluster'
import type { LineCardStatus } from '@fivetuple/switch'
import t from 'tap'
import { fetchOnce, getOnce, RawClient } from './http-probe.js'
import { isAlive, TestCluster, until } from './test-cluster.js'

const MIB = 1024 * 1024
const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const YAML = 'lineCards: 2\n'

/** The line cards of a switch, as it tells. */
async function cardsOf(cluster: TestCluster, name: 'uplink' | 'downlink'): Promise<readonly LineCardStatus[]> {
  const { switches, unreachable } = await cluster.api.status()
  const node = switches[name]
  if (node === undefined) throw new Error(`${name} does not answer: ${unreachable.map(({ reason }) => reason)}`)
  return node.cards
}

/** Connections that have had one answer each. */
async function openFlows(listen: string, count: number): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => RawClient.open(listen)))
  for (const client of clients) client.socket.write(GET)
  await until(() => clients.every((client) => client.text.includes('"backend"')), 'all have a response')
  return clients
}

/**
 * Asks once more on each connection: those that are served, and those that have ended instead. A card that dies leaves its
 * sockets to the kernel, so that is FIN or RST, whichever comes before our request; after a FIN the client does not look
 * for a RST any more.
 */
async function askAgain(clients: readonly RawClient[]): Promise<{ served: RawClient[]; ended: RawClient[] }> {
  const closed = new Set<RawClient>()
  for (const client of clients) {
    void client.closed.then(() => closed.add(client))
    client.received = Buffer.alloc(0)
    if (!client.socket.destroyed) client.socket.write(GET)
  }
  const isServed = (client: RawClient) => client.text.includes('"backend"')
  const hasEnded = (client: RawClient) => client.ended || closed.has(client)
  await until(() => clients.every((client) => isServed(client) || hasEnded(client)), 'each is served or has ended')
  return { served: clients.filter(isServed), ended: clients.filter(hasEnded) }
}

t.test('a cluster whose switches forward on two line cards each', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.140.0.0/16',
    [],
    `${YAML}vips:
  - { name: web }
  - { name: echo, port: 5353, protocol: udp }
  - { name: echo-too, port: 5353, protocol: udp }
nat: { timeouts: { udp: 3s } }
edge: { keepAlive: 1s }
`,
  )
  const [host, port] = cluster.vip('web').listen.split(':') as [string, string]

  await t.test('explain agrees with the LB of each of 400 connections, and both cards take their share', async (t) => {
    let disagreements = 0
    for (let batch = 0; batch < 8; batch++)
      await Promise.all(
        Array.from({ length: 50 }, async (_, i) => {
          const client = `127.140.100.${1 + i}`
          const { status, answer, clientPort } = await getOnce(host, Number(port), client, 30_000 + batch)
          if (status !== 200) throw new Error(`${status}`)
          const { route } = await cluster.api.explain({
            client: `${client}:${clientPort}`,
            vip: `${host}:${port}`,
            protocol: 'tcp',
          })
          if (route?.lb !== cluster.lbOf(answer.peer.address)) disagreements++
        }),
      )
    t.equal(disagreements, 0)
    for (const name of ['uplink', 'downlink'] as const) {
      const cards = await cardsOf(cluster, name)
      t.match(cards, [
        { card: 1, state: 'running', memberLinksUp: 4, restarts: 0 },
        { card: 2, state: 'running', memberLinksUp: 4, restarts: 0 },
      ])
      t.ok(
        cards.every(({ packetsIn }) => packetsIn > 100),
        `packets by card of ${name}: ${cards.map(({ packetsIn }) => packetsIn)}`,
      )
    }
    const { switches, lbs } = await cluster.api.status()
    t.equal(switches.uplink?.edge.opened, 400, 'what cards count is summed')
    t.equal(
      Object.values(lbs).reduce((sum, { services }) => sum + services[0]!.newFlows, 0),
      400,
    )
    t.match(switches.uplink?.drops, { 'no-route': 0, 'port-down': 0 })
  })

  await t.test('explain shows the session of a flow that stands, whichever card it is on', async (t) => {
    const clients = await openFlows(`${host}:${port}`, 8)
    for (const { socket } of clients) {
      const { route, session } = await cluster.api.explain({
        client: `${socket.localAddress}:${socket.localPort}`,
        vip: 'web',
        protocol: 'tcp',
      })
      t.equal(session?.state, 'established')
      t.equal(cluster.lbOf(session!.bip.split(':')[0]!), route?.lb)
    }
    for (const { socket } of clients) socket.destroy()
  })

  await t.test('2,000 requests over 32 connections that are kept alive', async (t) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 32 })
    const statuses = await Promise.all(
      Array.from(
        { length: 2_000 },
        () =>
          new Promise<number>((resolve, reject) => {
            request(cluster.url('web'), { agent }, (res) => {
              res.resume()
              res.on('end', () => resolve(res.statusCode ?? 0))
            })
              .on('error', reject)
              .end()
          }),
      ),
    )
    agent.destroy()
    t.equal(statuses.filter((status) => status === 200).length, 2_000)
  })

  await t.test('eight bodies of 16 MiB at once, up and down again, intact', async (t) => {
    const results = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const body = randomBytes(16 * MIB)
        const received = createHash('sha256')
        await new Promise<void>((resolve, reject) => {
          const req = request(cluster.url('web', '/echo'), { method: 'POST', agent: false }, (res) => {
            res.on('data', (chunk: Buffer) => received.update(chunk))
            res.on('end', resolve)
            res.on('error', reject)
          })
          req.on('error', reject)
          req.end(body)
        })
        return received.digest('hex') === createHash('sha256').update(body).digest('hex')
      }),
    )
    t.ok(results.every(Boolean))
  })

  await t.test('each UDP service is read by one card, and responses arrive', async (t) => {
    const sockets = Array.from({ length: 40 }, () => createSocket('udp4'))
    const answered = new Set<number>()
    for (const [i, socket] of sockets.entries()) {
      socket.bind({ address: `127.140.101.${1 + i}`, port: 0 })
      await once(socket, 'listening')
      socket.on('message', (payload) => {
        if (payload.toString() === `flow ${i}`) answered.add(i)
      })
    }
    await until(async () => {
      for (const [i, socket] of sockets.entries())
        if (!answered.has(i)) socket.send(`flow ${i}`, 5353, cluster.vip(i % 2 ? 'echo' : 'echo-too').address)
      await new Promise((resolve) => setTimeout(resolve, 100))
      return answered.size === sockets.length
    }, 'all have a response')
    const { lbs, switches } = await cluster.api.status()
    t.equal(
      Object.values(lbs).reduce((sum, { sessionsByState }) => sum + (sessionsByState.udp ?? 0), 0),
      sockets.length,
      'one session a flow',
    )
    await until(async () => {
      const { switches } = await cluster.api.status()
      return switches.downlink?.edge.udpDatagramsOut === switches.uplink?.edge.udpDatagramsIn
    }, 'what was sent twice has come through, too')
    t.equal(switches.uplink?.listening.length, 3)
    for (const socket of sockets) socket.close()
  })

  await t.test('a VIP that has been removed is removed on all cards when the command returns', async (t) => {
    for (let round = 0; round < 5; round++) {
      await cluster.api.vip.remove({ lb: 'all', vip: 'web' })
      const refused = await Promise.allSettled(Array.from({ length: 8 }, () => RawClient.open(`${host}:${port}`)))
      t.ok(
        refused.every(({ status }) => status === 'rejected'),
        'nobody listens',
      )
      await cluster.api.vip.add({ lb: 'all', vip: 'web' })
      const answers = await Promise.all(Array.from({ length: 8 }, () => fetchOnce(cluster.url('web'))))
      t.ok(
        answers.every(({ status }) => status === 200),
        'all are served',
      )
    }
    const [uplink] = [await cardsOf(cluster, 'uplink')]
    t.equal(new Set(uplink.map(({ fibVersion }) => fibVersion)).size, 1, 'all cards have the same route table')
  })

  await t.test(
    'an LB killed outright: its flows end, new ones go elsewhere, and it comes back on all member links',
    async (t) => {
      await cluster.api.role.kill({ role: 'lb-2', keepStopped: true })
      await until(async () => {
        const { vips } = await cluster.api.status()
        return !vips[0]!.routedTo.includes('lb-2')
      }, 'the route over lb-2 is gone')
      t.equal((await fetchOnce(cluster.url('web'))).status, 200)
      await cluster.api.role.start({ role: 'lb-2' })
      await until(async () => {
        const { vips, switches } = await cluster.api.status()
        const memberLinks = Object.values(switches).flatMap(({ cards }) =>
          cards.map(({ memberLinksUp }) => memberLinksUp),
        )
        return vips[0]!.routedTo.includes('lb-2') && memberLinks.every((up) => up === 4)
      }, 'lb-2 is back')
      t.equal((await fetchOnce(cluster.url('web'))).status, 200)
    },
  )

  await t.test('a cable that is cut is cut on all cards', async (t) => {
    await cluster.api.link.down({ lb: 'lb-3', side: 'uplink' })
    await until(async () => {
      const { vips, switches, lbs } = await cluster.api.status()
      const isGone = !vips[0]!.routedTo.includes('lb-3') && lbs['lb-3']?.cables.uplink === false
      return isGone && switches.uplink?.cards.every(({ memberLinksUp }) => memberLinksUp === 3) === true
    }, 'lb-3 has no cable to the uplink switch')
    const { switches } = await cluster.api.status()
    t.match(switches.uplink?.ports[2], { up: false, isAdminDown: true })
    await cluster.api.link.up({ lb: 'lb-3', side: 'uplink' })
    const { vips } = await cluster.api.status()
    t.ok(vips[0]!.routedTo.includes('lb-3'))
  })

  for (const name of ['uplink', 'downlink'] as const)
    await t.test(
      `a line card of the ${name} switch killed outright takes its flows with it, and no others`,
      async (t) => {
        await cluster.untilEmpty()
        const clients = await openFlows(`${host}:${port}`, 60)
        const before = await cardsOf(cluster, name)
        const [victim, survivor] = before as [LineCardStatus, LineCardStatus]
        const opened = (await cluster.api.status()).switches.uplink?.edge.opened ?? 0
        const eventsBefore = cluster.events.length
        process.kill(victim.pid, 'SIGKILL')
        const { served, ended } = await askAgain(clients)
        t.equal(ended.length, victim.flows, `${ended.length} flows of the card have ended`)
        t.equal(served.length, survivor.flows, `${served.length} flows of the other card go on`)
        await until(async () => {
          const [card] = await cardsOf(cluster, name)
          return card!.state === 'running' && card!.restarts === victim.restarts + 1 && card!.memberLinksUp === 4
        }, 'the card is back with all its member links')
        const [again] = await cardsOf(cluster, name)
        t.not(again!.pid, victim.pid)
        t.strictSame(cluster.events.slice(eventsBefore), [], 'no route has changed')
        t.ok(((await cluster.api.status()).switches.uplink?.edge.opened ?? 0) >= opened, 'totals do not go back')
        for (const { socket } of clients) socket.destroy()
        const answers = await Promise.all(Array.from({ length: 40 }, () => fetchOnce(cluster.url('web'))))
        t.ok(answers.every(({ status }) => status === 200))
        await cluster.untilEmpty()
      },
    )

  await t.test('a line card that gets SIGTERM is replaced, and no route changes', async (t) => {
    const eventsBefore = cluster.events.length
    for (const name of ['uplink', 'downlink'] as const) {
      const [, victim] = await cardsOf(cluster, name)
      process.kill(victim!.pid, 'SIGTERM')
      await until(async () => {
        const [, card] = await cardsOf(cluster, name)
        return card!.state === 'running' && card!.pid !== victim!.pid && card!.memberLinksUp === 4
      }, 'it has been replaced')
    }
    t.strictSame(cluster.events.slice(eventsBefore), [])
    t.equal((await fetchOnce(cluster.url('web'))).status, 200)
  })

  await t.test('the death of a line card during a request to its switch is no failure of the switch', async (t) => {
    for (const cut of [true, false]) {
      const [victim] = await cardsOf(cluster, 'uplink')
      process.kill(victim!.pid, 'SIGKILL')
      const doing = cut
        ? cluster.api.link.down({ lb: 'lb-4', side: 'uplink' })
        : cluster.api.link.up({ lb: 'lb-4', side: 'uplink' })
      t.match((await cluster.api.explain({ client: '127.0.0.1:5000', vip: 'web' })).route, {
        prefix: '127.140.10.1/32',
      })
      await doing
      await until(
        async () => {
          const [card] = await cardsOf(cluster, 'uplink')
          return card!.state === 'running' && card!.pid !== victim!.pid && card!.memberLinksUp === (cut ? 3 : 4)
        },
        `the card is back, and lb-4's cable ${cut ? 'is cut' : 'is there'} on it, too`,
      )
      t.equal((await cluster.api.faults.list()).faults.length, cut ? 1 : 0)
    }
  })

  await t.test('an LB that drains keeps its flows and gets no new ones, on either card', async (t) => {
    const clients = await openFlows(`${host}:${port}`, 60)
    await resultOf(cluster.api.lb.drain({ lb: 'lb-1' }))
    const { lbs: before } = await cluster.api.status()
    const fresh = await openFlows(`${host}:${port}`, 60)
    const { lbs: after, switches } = await cluster.api.status()
    t.equal(after['lb-1']?.services[0]?.newFlows, before['lb-1']?.services[0]?.newFlows)
    const diverted = switches.uplink?.diverted.flows ?? 0
    t.ok(diverted > 0, `${diverted} flows were diverted`)
    for (const { socket } of fresh) {
      const { route, session } = await cluster.api.explain({
        client: `${socket.localAddress}:${socket.localPort}`,
        vip: 'web',
        protocol: 'tcp',
      })
      t.equal(cluster.lbOf(session!.bip.split(':')[0]!), route?.lb, 'explain knows diverted flows, too')
    }
    t.equal((await askAgain([...clients, ...fresh])).ended.length, 0, 'no flow ends')
    await cluster.api.lb.undrain({ lb: 'lb-1' })
    t.equal((await askAgain([...clients, ...fresh])).ended.length, 0, 'nor when it is put back')
    for (const { socket } of [...clients, ...fresh]) socket.destroy()
    await cluster.untilEmpty()
  })

  await t.test('a line card that hangs is noticed and replaced; new connections do not wait for it', async (t) => {
    const [victim] = await cardsOf(cluster, 'uplink')
    process.kill(victim!.pid, 'SIGSTOP')
    for (let i = 0; i < 20; i++) t.equal((await fetchOnce(cluster.url('web'))).status, 200)
    await until(async () => {
      const [card] = await cardsOf(cluster, 'uplink')
      return card!.state === 'running' && card!.pid !== victim!.pid
    }, 'it has been replaced')
    await cluster.untilEmpty()
  })

  await t.test('status shows the cards', async (t) => {
    const { stdout } = await cluster.cli('status')
    t.match(stdout, /CARD +PID +STATE +RESTARTS +MEMBER LINKS/)
    t.match(stdout, /\n +2 +\d+ +running/)
  })
})

/** Pids of everything but the launcher, line cards included. */
async function allPids(cluster: TestCluster): Promise<number[]> {
  const cards = [...(await cardsOf(cluster, 'uplink')), ...(await cardsOf(cluster, 'downlink'))]
  return [...cluster.pids, ...cards.map(({ pid }) => pid)]
}

for (const [signal, block] of [
  ['SIGINT', '127.141.0.0/16'],
  ['SIGTERM', '127.142.0.0/16'],
  ['SIGKILL', '127.143.0.0/16'],
] as const)
  t.test(`${signal} of the launcher leaves no line card, not even one that is stopped`, async (t) => {
    const cluster = await TestCluster.start(t, block, ['--lbs', '2', '--backends', '1'], YAML)
    const pids = await allPids(cluster)
    t.equal(pids.length, 9)
    t.ok(pids.every(isAlive))
    process.kill(pids.at(-1)!, 'SIGSTOP')
    await cluster.stop(signal)
    await until(() => !pids.some(isAlive), 'all processes are gone')
    await until(() => !existsSync(cluster.directory), 'the run directory is gone')
  })

t.test('signals to a switch with line cards', async (t) => {
  const cluster = await TestCluster.start(t, '127.144.0.0/16', ['--lbs', '2', '--backends', '1'], YAML)
  const pidsOf = async () => (await cardsOf(cluster, 'uplink')).map(({ pid }) => pid)
  const isServing = async () => (await fetchOnce(cluster.url('web')).catch(() => undefined))?.status === 200
  const uplink = () => cluster.api.status().then(({ roles }) => roles.find(({ name }) => name === 'uplink')!)

  await t.test('hang stops all its processes, and resume lets all of them go on', async (t) => {
    const cards = await pidsOf()
    await cluster.api.role.pause({ role: 'uplink' })
    const all = [(await uplink()).pid, ...cards]
    await until(() => all.every((pid) => processState(pid) === 'T'), 'all three are stopped')
    // Longer than a line card may be unreachable: it is not its fault.
    await new Promise((resolve) => setTimeout(resolve, 4_000))
    await cluster.api.role.resume({ role: 'uplink' })
    await until(isServing, 'it serves')
    t.strictSame(await pidsOf(), cards, 'they are the same processes')
  })

  await t.test('its death takes its line cards with it, also those that are stopped, and it comes back', async (t) => {
    const cards = await pidsOf()
    process.kill(cards[0]!, 'SIGSTOP')
    process.kill((await uplink()).pid, 'SIGKILL')
    await until(() => !cards.some(isAlive), 'its line cards are gone')
    await until(isServing, 'it serves again')
    t.equal((await uplink()).restarts, 1)
  })

  await t.test('kill from the command line kills all, and start brings all back', async (t) => {
    const cards = await pidsOf()
    await cluster.api.role.kill({ role: 'uplink', keepStopped: true })
    await until(() => !cards.some(isAlive), 'its line cards are gone')
    await cluster.api.role.start({ role: 'uplink' })
    t.ok(await isServing())
  })
})

/** As ps has it: T is stopped (Linux). */
function processState(pid: number): string | undefined {
  return /State:\s+(\w)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
}
