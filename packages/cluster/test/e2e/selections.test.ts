import { FLOW_HASHES, IpProtocol, parseEndpoint, parseIpv4 } from '@fivetuple/packet'
import { ECMP_SELECTIONS, type EcmpSelectionName } from '@fivetuple/switch'
import t from 'tap'
import { RawClient } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const VICTIM = 2
const LBS = [1, 2, 3, 4]

// As lb-death.test.ts has it for modulo, where most flows are lost: here hardly any is that was not on the LB that died.
for (const [name, block] of [
  ['hash-threshold', '127.104.0.0/16'],
  ['rendezvous', '127.105.0.0/16'],
  ['maglev', '127.106.0.0/16'],
  ['resilient', '127.107.0.0/16'],
] as const)
  t.test(`${name}: when an LB dies, the flows that are lost are those that the selection says`, async (t) => {
    const cluster = await TestCluster.start(t, block, [], `ecmp: { selection: ${name}, seed: 7 }\n`)
    const { listen } = cluster.vip('web')
    const clients = await Promise.all(Array.from({ length: 80 }, () => RawClient.open(listen)))
    t.teardown(() => {
      for (const client of clients) client.socket.destroy()
    })
    const ports = clients.map(({ socket }) => socket.localPort!)
    for (const client of clients) client.socket.write(REQUEST)
    await until(() => clients.every((client) => client.text.endsWith('}\n')), 'all have a response')
    const lbs = clients.map((client) => cluster.lbOf(/"address":"([^"]+)"/.exec(client.text)?.[1] ?? ''))

    const explain = () =>
      Promise.all(
        ports.map(
          async (port) =>
            (await cluster.api.explain({ client: `127.0.0.1:${port}`, vip: 'web', protocol: 'tcp' })).route?.lb ?? '',
        ),
      )
    const before = await explain()
    t.same(lbs, before, 'every flow is on the LB that explain names')
    if (name !== 'resilient')
      t.same(before, predicted(name, LBS, listen, ports), 'which is where the selection puts it')
    t.match((await cluster.cli('explain', `127.0.0.1:${ports[0]}`, 'web')).stdout, `  selection  ${name}: `)
    t.match((await cluster.cli('status')).stdout, new RegExp(`uplink switch, ${name}.* over murmur3 seed 7`))

    const prediction = await cluster.api.predict({ kill: [`lb-${VICTIM}`], selection: 'all' })
    t.match(prediction, { change: 'lb-2 goes', hash: 'murmur3', seed: 7 })
    const running = prediction.selections.filter(({ isRunning }) => isRunning)
    t.match(running, [{ selection: name, vips: [{ vip: 'web', basis: 'established', flows: 80 }] }])
    t.same(
      prediction.selections.map(({ selection }) => selection),
      Object.keys(ECMP_SELECTIONS),
    )
    t.ok(
      prediction.selections.every(({ vips }) => vips[0]?.flows === 80),
      'the same flows',
    )

    await cluster.api.role.kill({ role: `lb-${VICTIM}`, keepStopped: true })
    await until(
      async () => !(await cluster.api.status()).vips.find((vip) => vip.name === 'web')!.routedTo.includes('lb-2'),
      'its route is gone',
    )
    const after = await explain()
    if (name !== 'resilient')
      t.same(
        after,
        predicted(
          name,
          LBS.filter((lb) => lb !== VICTIM),
          listen,
          ports,
        ),
      )
    let ended = 0
    for (const client of clients) void client.closed.then(() => ended++)
    for (const client of clients) {
      client.received = Buffer.alloc(0)
      if (!client.socket.destroyed) client.socket.write(REQUEST)
    }
    const isServed = (client: RawClient) => client.text.endsWith('}\n')
    await until(() => clients.filter(isServed).length + ended === clients.length, 'every flow is served or has ended')
    const survive = before.map((lb, i) => lb !== `lb-${VICTIM}` && lb === after[i])
    t.same(clients.map(isServed), survive, 'exactly the rehashed flows end')
    const onVictim = before.filter((lb) => lb === `lb-${VICTIM}`).length
    const lost = survive.filter((one) => !one).length
    t.ok(onVictim > 0 && lost >= onVictim, `${onVictim} of 80 were on it, ${lost} are lost`)
    t.match(
      running[0]?.vips[0],
      { directLoss: onVictim, collateral: lost - onVictim, unaffected: 80 - lost },
      'as predicted',
    )
    if (name !== 'hash-threshold') t.ok(lost - onVictim <= 2, 'hardly any in vain')
  })

/** The LB of each client port by a selection that has no memory: which LBs came when makes no difference. */
function predicted(name: EcmpSelectionName, lbs: readonly number[], vip: string, ports: readonly number[]): string[] {
  const selector = ECMP_SELECTIONS[name]({ buckets: 1, idleTimerMs: 0, unbalancedTimerMs: 0 }).build(lbs)
  const { address, port: vipPort } = parseEndpoint(vip)!
  const client = parseIpv4('127.0.0.1')!
  return ports.map((port) => {
    const hash = FLOW_HASHES.murmur3(client, address, port, vipPort, IpProtocol.TCP, 7)
    return `lb-${lbs[selector.select(hash)]}`
  })
}
