import { execFile, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { fetchOnce } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const DAEMON = '127.82.9.1'
const API_PORT = 50_182
const isInstalled = spawnSync('gobgpd', ['--version']).status === 0
const gobgp = (...args: string[]) => promisify(execFile)('gobgp', ['-u', DAEMON, '-p', String(API_PORT), ...args])

// In CI the daemon is always there; elsewhere a missing one is no fault of ours.
const skip = isInstalled || process.env.CI ? false : 'gobgpd is not installed (Debian package gobgpd)'

t.test("a real routing daemon's prefix comes into the route table and goes again", { skip }, async (t) => {
  const cluster = await TestCluster.start(
    t,
    '127.82.0.0/16',
    [],
    `lbs: 2
backends: 1
vips:
  - { name: web }
  - { name: outside, address: 198.18.0.1, port: 8080, expose: 127.182.0.9:8081 }
bgp:
  nextHops: 198.19.1.0/24
  neighbors:
    - { name: gobgp, switch: uplink, address: ${DAEMON}, as: 64999, allowedPrefixes: [198.18.0.0/15] }
`,
  )
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-gobgp-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const config = join(directory, 'gobgpd.toml')
  writeFileSync(
    config,
    `[global.config]
  as = 64999
  router-id = "198.19.0.1"
  port = 1790
  local-address-list = ["${DAEMON}"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "127.82.0.1"
    peer-as = 65000
  [neighbors.transport.config]
    local-address = "${DAEMON}"
    remote-port = 1790
  [neighbors.timers.config]
    connect-retry = 1
    idle-hold-time-after-reset = 1
  [neighbors.ebgp-multihop.config]
    enabled = true
    multihop-ttl = 4
`,
  )
  const daemon = spawn('gobgpd', ['-f', config, '--api-hosts', `${DAEMON}:${API_PORT}`, '--pprof-disable'], {
    stdio: 'ignore',
  })
  t.teardown(() => daemon.kill('SIGKILL'))
  const uplink = async () => (await cluster.api.status()).switches.uplink!
  await until(
    async () =>
      (await uplink()).sessions.some(({ neighbor, state }) => neighbor === 'gobgp' && state === 'established'),
    'the session is established',
  )
  await gobgp('global', 'rib', 'add', '198.18.7.0/24', 'nexthop', '198.19.0.1', 'med', '7')
  const route = async () => (await uplink()).routes.find(({ prefix }) => prefix === '198.18.7.0/24')
  await until(async () => (await route()) !== undefined, 'the route is there')
  t.match(await route(), {
    origin: 'bgp',
    cost: 7,
    nextHops: [{ via: 'gobgp', address: '198.19.0.1', port: null }],
  })
  await gobgp('global', 'rib', 'add', '203.0.113.0/24', 'nexthop', '198.19.0.1')
  await gobgp('global', 'rib', 'del', '198.18.7.0/24')
  await until(async () => (await route()) === undefined, 'the route is gone')
  t.notOk(
    (await uplink()).routes.some(({ prefix }) => prefix === '203.0.113.0/24'),
    'what it may not announce is not taken',
  )
  t.equal(
    (await fetchOnce('http://127.182.0.9:8081/')).status,
    200,
    'a VIP outside 127/8 is served where it is exposed',
  )
})
