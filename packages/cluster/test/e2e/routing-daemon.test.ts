// The configurations and commands of docs/your-own-daemon.md, in another block.
import { join } from 'node:path'
import { resultOf } from '@fivetuple/cluster'
import t from 'tap'
import {
  DocumentedDaemon,
  DocumentedFiles,
  documentedFolder,
  isInstalled,
  writeDocumentedFiles,
} from './documented-daemon.js'
import { fetchOnce } from './http-probe.js'
import { TestCluster, until } from './test-cluster.js'

const VIP = '198.18.0.1/32'
const isRoot = process.getuid?.() === 0

interface Daemon {
  readonly name: string
  readonly programs: readonly string[]
  /** The prefix that its documented configuration announces. */
  readonly announces: string
  /** The VIP's route in the output of its `show` command. */
  readonly shown: RegExp
  readonly needsRoot?: boolean
}

const DAEMONS: readonly Daemon[] = [
  {
    name: 'bird',
    programs: ['bird', 'birdc'],
    announces: '198.51.100.0/28',
    shown: /^198\.18\.0\.1\/32 .*\[AS65100i\][\s\S]*?as_path: 65000 65100\s+BGP\.next_hop: 198\.19\.0\.1/m,
  },
  {
    name: 'gobgp',
    programs: ['gobgpd', 'gobgp'],
    announces: '198.51.100.32/28',
    shown: /198\.18\.0\.1\/32 +198\.19\.0\.1 +65000 65100/,
  },
  {
    name: 'exabgp',
    programs: ['exabgp'],
    announces: '198.51.100.64/28',
    shown: /"as-path": ?\[ ?65000 ?, ?65100 ?\].*"198\.19\.0\.1": ?\[ ?\{ ?"nlri": ?"198\.18\.0\.1\/32"/,
  },
  {
    name: 'frr',
    programs: ['/usr/lib/frr/bgpd', 'vtysh'],
    announces: '198.51.100.96/28',
    shown: /\*> 198\.18\.0\.1\/32 +198\.19\.0\.1 .*65000 65100/,
  },
  {
    name: 'openbgpd',
    programs: ['/usr/sbin/bgpd', 'bgpctl'],
    announces: '198.51.100.128/28',
    shown: /198\.18\.0\.1\/32 +198\.19\.0\.1 .*65000 65100/,
    needsRoot: true,
  },
]

/** In CI all daemons are there, and a missing one is a failure; elsewhere it is skipped by name. */
function skipped({ programs, needsRoot }: Daemon): string | false {
  const missing = programs.filter((program) => !isInstalled(program))
  if (process.env.CI) return false
  if (missing.length > 0) return `not installed: ${missing.join(', ')}`
  return needsRoot && !isRoot ? 'starts as root only' : false
}

t.test('the routing daemons of the documentation', async (t) => {
  const folder = documentedFolder(t)
  const files = new DocumentedFiles([
    ['127.20.', '127.82.'],
    ['127.0.0.1:8081', '127.182.0.9:8081'],
    ['/tmp/', `${folder}/`],
    // One of them is to claim the VIP later on.
    ['198.51.100.32/27', `198.51.100.32/27, ${VIP}`],
  ])
  writeDocumentedFiles(files, folder)
  const cluster = await TestCluster.start(t, '127.82.0.0/16', [], files.get('cluster.yaml'))
  const uplink = async () => (await cluster.api.status()).switches.uplink!
  const session = async (name: string) => (await uplink()).sessions.find(({ neighbor }) => neighbor === name)!
  const route = async (prefix: string) => (await uplink()).routes.find((one) => one.prefix === prefix)
  const untilSession = (name: string, state: string) =>
    until(async () => (await session(name)).state === state, `${name} is ${state}`)
  const present = DAEMONS.filter((daemon) => !skipped(daemon))
  const running = new Map(present.map(({ name }) => [name, DocumentedDaemon.start(t, name, files, folder)]))

  for (const daemon of DAEMONS)
    await t.test(`${daemon.name}: both learn each other's routes`, { skip: skipped(daemon) }, async (t) => {
      const { name, announces, shown } = daemon
      const process = running.get(name)!
      if (files.names.includes(`announce-${name}`)) await process.run(`announce-${name}`)
      await untilSession(name, 'established')
      await until(async () => (await route(announces)) !== undefined, `the route of ${name} is there`)
      t.match(await route(announces), { origin: 'bgp', nextHops: [{ via: name, port: null }] })
      await process.run(`show-${name}`, (output) => shown.test(output))
      const exported = name === 'exabgp' || name === 'openbgpd' ? 1 : 2
      t.match(await session(name), {
        portId: null,
        prefixesIn: 1,
        prefixesOut: exported,
        refused: { notAllowed: 0, firstAs: 0, loop: 0, malformed: 0, overLimit: 0 },
        lastError: null,
        attemptError: null,
        remedy: null,
      })
    })

  const gobgp = running.get('gobgp')
  const rib = 'gobgp -u 127.82.9.2 -p 50051 global rib'
  await t.test('refused prefixes are counted by cause', { skip: gobgp === undefined }, async (t) => {
    await gobgp!.run(`${rib} add 203.0.113.0/24 nexthop 198.19.0.12`)
    await until(async () => (await session('gobgp')).refused.notAllowed === 1, 'the prefix is refused')
    t.equal(await route('203.0.113.0/24'), undefined)
    t.match(await session('gobgp'), {
      prefixesIn: 1,
      lastRefused: { prefix: '203.0.113.0/24', cause: 'notAllowed' },
      remedy: /allowedPrefixes/,
    })
    await gobgp!.run(`${rib} del 198.51.100.32/28`)
    await until(async () => (await route('198.51.100.32/28')) === undefined, 'a withdrawn route is gone')
  })

  await t.test('a daemon that claims a VIP takes it from no LB', { skip: gobgp === undefined }, async (t) => {
    await gobgp!.run(`${rib} add ${VIP} nexthop 198.19.0.12`)
    await until(async () => (await session('gobgp')).prefixesIn === 1, 'its path is accepted')
    const [web] = (await cluster.api.status()).vips
    t.same(web?.routedTo, ['lb-1', 'lb-2'])
    for (let i = 0; i < 10; i++) t.equal((await fetchOnce('http://127.182.0.9:8081/')).status, 200)
    t.same((await resultOf(cluster.api.lb.drain({ lb: 'lb-1' }))).onlyCarrierOf, [])
    t.same((await resultOf(cluster.api.lb.drain({ lb: 'lb-2' }))).onlyCarrierOf, ['web'], 'the daemon is no carrier')
    for (const lb of ['lb-1', 'lb-2']) await cluster.api.lb.undrain({ lb })
  })

  const bird = running.get('bird')
  await t.test('a VIP is withdrawn when its last LB is gone', { skip: bird === undefined }, async () => {
    for (const lb of ['lb-1', 'lb-2']) await cluster.cli('vip', 'remove', lb, 'web')
    await bird!.run('show-bird', (output) => !output.includes('198.18.0.1/32') && output.includes('0.0.0.0/0'))
    for (const lb of ['lb-1', 'lb-2']) await cluster.cli('vip', 'add', lb, 'web')
    await bird!.run('show-bird', (output) => output.includes('198.18.0.1/32'))
  })

  await t.test(
    'status shows why a session ended, in the words of its operator',
    { skip: bird === undefined },
    async (t) => {
      await bird!.run(`birdc -s ${join(folder, 'bird.ctl')} disable fivetuple '"back at nine"'`)
      await until(async () => (await session('bird')).attemptError !== null, 'a dial has failed since')
      t.match(await session('bird'), {
        lastError: {
          direction: 'received',
          text: 'Cease, administrative shutdown (6/2): "back at nine"',
          code: 6,
          subcode: 2,
          at: /^\d{4}-\d\d-\d\dT/,
        },
        attemptError: { text: /nothing listens on 127\.82\.9\.1:1790/ },
      })
      const { stdout } = await cluster.cli('status')
      t.match(
        stdout,
        /bird +127\.82\.9\.1 +64901 .* received Cease, administrative shutdown \(6\/2\): "back at nine", \d+s ago/,
      )
      t.match(stdout, /bird: last attempt failed \d+s ago: nothing listens on/)
      t.match(stdout, /gobgp: add the prefix to 'allowedPrefixes'/)
    },
  )
})
