import t from 'tap'
import { HAPROXY, isMissing, NGINX, startServer, untilListens } from './debian-servers.js'
import { getOnce } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const CLIENT = '127.98.101.7'
const SERVER = '127.98.3.1'

/** Response to a GET on a connection of its own from `CLIENT`, and the source port. */
async function ask(listen: string): Promise<{ text: string; clientPort: number }> {
  const [host, port] = listen.split(':') as [string, string]
  const { text, clientPort } = await getOnce(host, Number(port), CLIENT)
  return { text, clientPort }
}

t.test('backends of the cluster show the client if the VIP passes its address, and only then', async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.98.0.0/16',
    ['--lbs', '2'],
    `backends: 4
vips:
  - { name: proxied, port: 81, clientAddress: proxy-v2, backends: [backend-1, backend-2] }
  - { name: toa, port: 82, clientAddress: toa, backends: [backend-3] }
  - { name: plain, port: 83, backends: [backend-4] }
  - { name: dns, protocol: udp, port: 84, clientAddress: proxy-v2, health: { check: udp }, backends: [backend-4] }
`,
  )
  for (let i = 0; i < 8; i++) {
    const { text, clientPort } = await ask(cluster.vip('proxied').listen)
    t.match(JSON.parse(text), { client: { address: CLIENT, port: clientPort }, peer: { address: /^127\.98\.2\./ } })
  }
  for (const name of ['toa', 'plain'])
    t.equal(JSON.parse((await ask(cluster.vip(name).listen)).text).client, undefined, `${name}: no header`)
})

const HAPROXY_CONFIG = `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend web
  bind ${SERVER}:8080 accept-proxy
  http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port]"
`

const NGINX_CONFIG = `pid nginx.pid;
events {}
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen ${SERVER}:8080 proxy_protocol;
    location / { return 200 "$proxy_protocol_addr:$proxy_protocol_port $proxy_protocol_server_addr:$proxy_protocol_server_port"; }
  }
}
`

for (const [server, config] of [
  [HAPROXY, HAPROXY_CONFIG],
  [NGINX, NGINX_CONFIG],
] as const) {
  t.test(
    `${server.program} behind the LBs sees the client, and stays healthy`,
    { skip: isMissing(server) },
    async (t) => {
      startServer(t, server, config)
      await untilListens(SERVER, 8080)
      const cluster = await TestCluster.start(
        t,
        '127.98.0.0/16',
        ['--lbs', '2'],
        `backends: [{ name: server, address: ${SERVER}, port: 8080 }]
vips: [{ name: web, clientAddress: proxy-v2, health: { check: http, path: /, interval: 200ms } }]
`,
      )
      for (let i = 0; i < 8; i++) {
        const { text, clientPort } = await ask(cluster.vip('web').listen)
        t.equal(text, `${CLIENT}:${clientPort} ${cluster.vip('web').listen}`, 'the client, and the VIP')
      }
      await until(async () => {
        const { lbs } = await cluster.api.status()
        return Object.values(lbs).every(({ services }) => services[0]!.backends[0]!.check?.health === 'healthy')
      }, 'checks find it healthy: their connections bring a header, too')
      t.pass()
    },
  )
}
