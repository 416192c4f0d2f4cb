import t from 'tap'
import { fetchOnce, getOnce } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

t.test(
  'active/standby: one LB carries all VIPs, and another one when it dies; it comes back and takes over',
  async (t) => {
    const cluster = await TestCluster.start(
      t,
      '127.100.0.0/16',
      [],
      `redundancy: active-standby
lbs: 3
vips: [{ name: web }, { name: api, port: 81 }]
`,
    )
    const carriers = async () => (await cluster.api.status()).vips.map(({ routedTo }) => routedTo.join())
    await until(async () => (await carriers()).every((lbs) => lbs === 'lb-1'), 'lb-1 carries both')
    const bips = new Set<string>()
    for (let i = 0; i < 60; i++) {
      const [host, port] = cluster.vip('web').listen.split(':') as [string, string]
      bips.add((await getOnce(host, Number(port), `127.100.101.${i + 1}`)).answer.peer.address)
    }
    t.strictSame([...bips], ['127.100.2.1'], 'whatever the client')
    t.match((await cluster.api.vip.list({ lb: 'lb-2' }))[0], {
      vips: [{ inhibitedBy: ['standby'] }, { inhibitedBy: ['standby'] }],
    })
    t.match((await cluster.api.status()).lbs['lb-2']?.redundancy, {
      elections: [{ state: 'backup', activeRouter: '127.100.1.1' }, { state: 'backup' }],
    })

    t.match(await cluster.cli('lb', 'drain', 'lb-1'), {
      code: 1,
      stderr: /no other LB takes new flows of web, api, so lb-1 still gets them/,
    })

    await cluster.api.lb.undrain({ lb: 'lb-1' })

    const seen = cluster.events.length
    await cluster.api.role.kill({ role: 'lb-1', keepStopped: true }) // it stays away while its successor is looked at
    const routes = () =>
      cluster.events
        .slice(seen)
        .flatMap((e) => (e.kind === 'route.changed' && e.vips?.includes('web') ? [e.after.join()] : []))
    await until(() => routes().includes('lb-2'), 'lb-2 takes over')
    t.equal((await fetchOnce(cluster.url('web'))).status, 200)
    await cluster.api.role.start({ role: 'lb-1' })
    await until(async () => (await carriers()).every((lbs) => lbs === 'lb-1'), 'lb-1 is back, and active again')
    t.equal((await fetchOnce(cluster.url('api'))).status, 200)
  },
)
