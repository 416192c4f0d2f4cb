import {
  chainOf,
  fivetupleConfig,
  haproxyConfig,
  nginxStreamConfig,
  orderOf,
  type Service,
  streamModule,
} from '@fivetuple/bench'
import { loadConfig } from '@fivetuple/cluster'
import t from 'tap'

const SERVER = { address: '127.70.3.1', port: 8080 }
const SERVICES: readonly Service[] = [
  { name: 'small', protocol: 'tcp', port: 8080, backend: { address: '127.70.3.2', port: 8080 } },
  { name: 'upload', protocol: 'tcp', port: 8081, backend: SERVER },
  { name: 'udp', protocol: 'udp', port: 8082, backend: SERVER },
]
const HOPS = chainOf(['127.70.201.1', '127.70.201.2', '127.70.201.3'], SERVICES)

t.test('each hop of a chain leads to the next, the last one to the backend', (t) => {
  t.same(
    HOPS.map(({ address, entries }) => [address, entries[1]!.port, entries[1]!.next]),
    [
      ['127.70.201.1', 8081, { address: '127.70.201.2', port: 8081 }],
      ['127.70.201.2', 8081, { address: '127.70.201.3', port: 8081 }],
      ['127.70.201.3', 8081, SERVER],
    ],
  )
  t.end()
})

t.test('HAProxy has one thread, room for what its files allow, and no UDP', (t) => {
  const config = haproxyConfig(HOPS[0]!, 20_000)
  t.match(config, 'nbthread 1')
  t.match(config, 'maxconn 9950')
  t.match(config, 'bind 127.70.201.1:8081 backlog 4096\n  server next 127.70.201.2:8081')
  t.notMatch(config, 'udp')
  t.match(haproxyConfig(HOPS[0]!, Infinity), 'maxconn 20000')
  t.end()
})

t.test('nginx has one worker, and UDP', (t) => {
  const config = nginxStreamConfig(HOPS[2]!, '/usr/lib/nginx/modules/ngx_stream_module.so', 20_000)
  t.match(config, /^load_module \/usr\/lib\/nginx\/modules\/ngx_stream_module\.so;\n/)
  t.match(config, 'worker_processes 1;')
  t.match(config, 'listen 127.70.201.3:8082 udp; proxy_pass 127.70.3.1:8080;')
  t.notMatch(nginxStreamConfig(HOPS[2]!, undefined, 20_000), 'load_module')
  t.end()
})

t.test('our cluster accepts its configuration', (t) => {
  const result = loadConfig(fivetupleConfig('127.70.0.0/16', 1, SERVICES), 'cluster.yaml')
  if (!result.ok) throw new Error(JSON.stringify(result.errors))
  t.same(
    result.config.vips.map(({ name, protocol, backends }) => [name, protocol, backends]),
    [
      ['small', 'tcp', ['server-1']],
      ['upload', 'tcp', ['server-2']],
      ['udp', 'udp', ['server-2']],
    ],
  )
  t.end()
})

t.test('the version of nginx shows whether it can proxy TCP', (t) => {
  t.same(streamModule('configure arguments: --with-stream --with-stream_ssl_module'), { module: undefined })
  t.equal(streamModule('configure arguments: --with-stream_ssl_module'), undefined)
  t.equal(streamModule('--modules-path=/nowhere --with-stream=dynamic'), undefined)
  t.end()
})

t.test('rounds go forwards and backwards in turn', (t) => {
  t.same(
    [0, 1, 2].map((round) => orderOf(['a', 'b', 'c'], round).join('')),
    ['abc', 'cba', 'abc'],
  )
  t.end()
})
