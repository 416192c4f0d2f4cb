import t from 'tap'
import { getOnce } from './http-probe.js'
import { TestCluster } from './test-cluster.js'

t.test('1,000 connections take the LB that explain names for each of them', async (t) => {
  const cluster = await TestCluster.start(t, '127.66.0.0/16')
  const [host, port] = cluster.vip('web').listen.split(':') as [string, string]
  const perLb = new Map<string, number>()
  const backends = new Set<string>()
  let disagreements = 0
  for (let batch = 0; batch < 20; batch++) {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const client = `127.66.100.${1 + i}`
        const { status, answer, clientPort } = await getOnce(host, Number(port), client, 30_000 + batch)
        const lb = cluster.lbOf(answer.peer.address)
        if (status !== 200 || lb === undefined)
          throw new Error(`${status} from ${answer.peer.address}, which is no BIP`)
        const { route } = await cluster.api.explain({
          client: `${client}:${clientPort}`,
          vip: `${host}:${port}`,
          protocol: 'tcp',
        })
        if (route?.lb !== lb) disagreements++
        perLb.set(lb, (perLb.get(lb) ?? 0) + 1)
        backends.add(answer.backend)
      }),
    )
  }
  t.equal(disagreements, 0, 'explain agrees with what happened, 1,000 times')
  t.strictSame([...perLb.keys()].sort(), ['lb-1', 'lb-2', 'lb-3', 'lb-4'])
  t.equal(new Set(cluster.ready.lbs.map(({ bip }) => bip)).size, 4, 'every LB has a BIP of its own')
  t.strictSame([...backends].sort(), ['backend-1', 'backend-2', 'backend-3', 'backend-4'])
  // Chi-square with 3 degrees of freedom: 16.27 is the 0.1 % point.
  const chiSquare = [...perLb.values()].reduce((sum, n) => sum + (n - 250) ** 2 / 250, 0)
  t.ok(chiSquare < 16.27, `evenness over LBs: chi-square ${chiSquare.toFixed(2)} of ${[...perLb.values()]}`)
})

t.test('an LB without a VIP never sees its packets', async (t) => {
  const cluster = await TestCluster.start(t, '127.67.0.0/16')
  const { listen, lbs } = cluster.vip('api')
  t.strictSame(lbs, ['lb-1', 'lb-2', 'lb-3'])
  for (let i = 0; i < 200; i++) {
    const { status, answer } = await getOnce(listen.split(':')[0]!, 8080, `127.67.100.${1 + (i % 200)}`)
    if (status !== 200 || answer.peer.address === '127.67.2.4') throw new Error('lb-4 carried it')
  }
  const { lbs: nodes } = await cluster.api.status()
  t.equal(nodes['lb-4']?.packets.fromUplink, 0)
  t.ok(['lb-1', 'lb-2', 'lb-3'].every((name) => nodes[name]!.packets.fromUplink > 0))
})

t.test('explain shows the session of a flow that stands, and none of one that does not', async (t) => {
  const cluster = await TestCluster.start(t, '127.68.0.0/16')
  const { listen } = cluster.vip('web')
  const { RawClient } = await import('./http-probe.js')
  const client = await RawClient.open(listen)
  client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve) => client.socket.once('data', resolve))
  const own = `127.0.0.1:${client.socket.localPort}`
  const source = `${client.socket.localAddress}:${client.socket.localPort}`
  const { route, session } = await cluster.api.explain({ client: source, vip: 'web', protocol: 'tcp' })
  t.equal(session?.state, 'established')
  t.equal(cluster.lbOf(session!.bip.split(':')[0]!), route?.lb)
  const text = await cluster.cli('explain', source, listen)
  t.match(text.stdout, new RegExp(`${route?.lb}[^]*established`))
  const json = JSON.parse((await cluster.cli('explain', own, listen, '--json')).stdout)
  t.match(json, { client: own, vip: listen, protocol: 'tcp', route: { m: 4 } })
  client.socket.destroy()
  t.match(await cluster.cli('explain', 'nonsense', 'web'), { code: 2, stderr: /no address:port/ })
  t.match(await cluster.cli('explain', own, 'nowhere'), { code: 2, stderr: /neither address:port nor one of/ })
  t.match(await cluster.cli('explain', own, 'web', 'sctp'), { code: 2 })
  t.match(await cluster.cli('explain', own, 'web', 'udp'), { code: 2, stderr: /web is a tcp service/ })
  const unrouted = await cluster.api.explain({ client: own, vip: '127.68.10.99:80', protocol: 'tcp' })
  t.equal(unrouted.route, null)
})
