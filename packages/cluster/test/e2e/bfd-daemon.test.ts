// The configurations and commands with BFD of docs/your-own-daemon.md. FRR's bfdd binds its ports on all addresses, so the
// test runs in a user and network namespace of its own, in the block of the documentation.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import {
  DocumentedDaemon,
  DocumentedFiles,
  documentedFolder,
  isInstalled,
  writeDocumentedFiles,
} from './documented-daemon.js'
import { TestCluster, until } from './test-cluster.js'

const NAMESPACE = 'FIVETUPLE_TEST_NAMESPACE'
/** Longest run, ms. */
const SUITE_MAX_MS = 240_000

if (process.env[NAMESPACE] !== undefined) tests()
else if (spawnSync('unshare', ['-Urnmp', '--fork', '--mount-proc', 'true']).status !== 0)
  missing(t, 'user namespaces are needed')
else {
  const command = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, fileURLToPath(import.meta.url)]
  const env = { ...process.env, [NAMESPACE]: '1' }
  const options = ['-Urnmp', '--fork', '--kill-child', '--mount-proc', '--', ...command]
  t.spawn('unshare', options, { env, timeout: SUITE_MAX_MS }, 'in a namespace')
}

/** Skips a test, and says why. In CI that is a failure. */
function missing(t: Test, reason: string): void {
  if (process.env.CI === 'true') t.fail(reason)
  else t.plan(0, reason)
}

function tests(): void {
  t.test('BFD with the daemons of the documentation', async (t) => {
    for (const program of ['bird', 'birdc', '/usr/lib/frr/bfdd', 'vtysh'])
      if (!isInstalled(program)) return missing(t, `not installed: ${program}`)
    const folder = documentedFolder(t)
    // A shorter detection time than a busy machine needs is no subject of this test.
    const files = new DocumentedFiles([
      ['bfd: on', 'bfd: { multiplier: 10 }'],
      ['multiplier: 3', 'multiplier: 10'],
      ['multiplier 3', 'multiplier 10'],
    ])
    writeDocumentedFiles(files, folder)
    const frr = DocumentedDaemon.start(t, 'frr-bfd', files, folder)
    await frr.run('show-frr-bfd', (output) => /127\.20\.0\.1 +down/.test(output))
    const cluster = await TestCluster.start(t, '127.20.0.0/16', [], files.get('cluster-bfd.yaml'))
    const bird = DocumentedDaemon.start(t, 'bird-bfd', files, folder)
    const uplink = async () => (await cluster.api.neighbors()).switches[0]!
    const session = async (name: string) => (await uplink()).bfd.sessions.find(({ neighbor }) => neighbor === name)!
    const bgp = async (name: string) => (await uplink()).sessions.find(({ neighbor }) => neighbor === name)!

    for (const name of ['bird', 'frr'])
      await until(async () => (await session(name)).detectionTimeMs === 3_000, `${name} is Up, intervals negotiated`)
    t.match(await session('bird'), {
      state: 'up',
      remoteState: 'up',
      multihop: true,
      authentication: 'none',
      discarded: {},
    })
    t.match(await session('frr'), { state: 'up', remoteState: 'up', transmitIntervalMs: 300, discarded: {} })
    await bird.run('show-bird-bfd', (output) => /127\.20\.0\.1 .* Up .* 0\.300 +3\.000/.test(output))
    await frr.run('show-frr-bfd', (output) => /127\.20\.0\.1 +up/.test(output))
    t.equal((await uplink()).bfd.isAddressShared, true)

    await until(async () => (await bgp('bird')).state === 'established', 'BGP with BIRD is established')
    bird.signal('SIGSTOP')
    await until(async () => (await session('bird')).path === 'failed', 'BIRD is detected')
    t.match(await bgp('bird'), { state: 'idle', lastError: { direction: 'sent', code: 6, subcode: 10 } })
    t.match(await session('frr'), { path: 'working' })
    bird.signal('SIGCONT')
    await until(async () => (await session('bird')).path === 'working', 'its path works again')
    await until(async () => (await bgp('bird')).state === 'established', 'and BGP is back')
  })
}
