import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import t from 'tap'
import { fetchOnce } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

for (const [lineCards, block] of [
  [1, '127.47'],
  [2, '127.48'],
] as const)
  t.test(
    `VIPs whose ports are taken are reported until they can be bound, with line cards: ${lineCards}`,
    async (t) => {
      const server = createServer((_request, response) => response.end('another server')).listen(8080, `${block}.10.1`)
      const datagrams = createSocket('udp4').bind(5353, `${block}.10.2`)
      t.teardown(() => server.close())
      await Promise.all([once(server, 'listening'), once(datagrams, 'listening')])
      const cluster = await TestCluster.start(
        t,
        `${block}.0.0/16`,
        ['--lbs', '2', '--backends', '1'],
        `lineCards: ${lineCards}
vips:
  - { name: web }
  - { name: echo, port: 5353, protocol: udp }
  - { name: api }
`,
      )
      const failure = {
        code: 'EADDRINUSE',
        reason: /in use: end the program that listens there, or choose another port/,
      }
      t.match(cluster.ready.vips, [{ listenFailure: failure }, { listenFailure: failure }, { listenFailure: null }])
      const vips = async () => (await cluster.api.status()).vips
      t.match(await vips(), [
        { listenFailure: failure, routedTo: ['lb-1', 'lb-2'] },
        { listenFailure: failure },
        { listenFailure: null },
      ])
      const { stdout } = await cluster.cli('status')
      t.match(stdout, /^web .* 127\.\d+\.10\.1:8080 \(EADDRINUSE\) +lb-1 lb-2$/m)
      t.match(
        stdout,
        /^! clients can't connect to echo: 127\.\d+\.10\.2:5353 is in use: .*; it is tried again every second$/m,
      )
      t.equal((await fetchOnce(cluster.url('api'))).status, 200)

      server.close()
      server.closeAllConnections()
      datagrams.close()
      await until(
        async () => (await vips()).every(({ listenFailure }) => listenFailure === null),
        'all are listened for',
      )
      t.equal((await fetchOnce(cluster.url('web'))).status, 200)
      const echoed = createSocket('udp4')
      t.teardown(() => echoed.close())
      let answer = ''
      echoed.on('message', (payload) => {
        answer = payload.toString()
      })
      await until(async () => {
        echoed.send('hello', 5353, `${block}.10.2`)
        return answer === 'hello'
      }, 'datagrams get responses')
      const last = (vip: string) =>
        cluster.events.findLast((event) => event.kind.startsWith('listener.') && 'vip' in event && event.vip === vip)
      for (const vip of ['web', 'echo'])
        t.match(last(vip), { kind: 'listener.restored', listen: cluster.vip(vip).listen })

      await t.test('also after a new start of the switch', async (t) => {
        await cluster.api.role.kill({ role: 'uplink', keepStopped: true })
        let other = createServer()
        t.teardown(() => other.close())
        await until(async () => {
          other = createServer().listen(8080, `${block}.10.1`)
          return await once(other, 'listening').then(Boolean, () => false)
        }, 'its line cards have gone, too')
        await cluster.api.role.start({ role: 'uplink' })
        await until(async () => (await vips())[0]?.listenFailure?.code === 'EADDRINUSE', 'it is reported')
        t.match((await vips())[1], { listenFailure: null })
      })
    },
  )
