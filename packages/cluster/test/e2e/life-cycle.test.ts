import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ClusterEvent } from '@fivetuple/cluster'
import t, { type Test } from 'tap'
import { fetchOnce } from './http-probe.js'
import { isAlive, TestCluster, until } from './test-cluster.js'

const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@fivetuple/cluster')))

/** True if an address and port can be bound: no socket of a cluster is left on it. */
async function isFree(listen: string): Promise<boolean> {
  const [host, port] = listen.split(':')
  const server = createServer()
  server.listen({ host: host!, port: Number(port) })
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.once('listening', () => server.close(() => resolve(true)))
  })
}

for (const [signal, block] of [
  ['SIGINT', '127.61.0.0/16'],
  ['SIGTERM', '127.62.0.0/16'],
  ['SIGKILL', '127.63.0.0/16'],
] as const)
  t.test(`${signal} of the launcher leaves no process and no bound address`, async (t) => {
    const cluster = await TestCluster.start(t, block)
    const { pids, ready } = cluster
    t.equal(pids.length, 10)
    t.ok(pids.every(isAlive))
    await cluster.stop(signal)
    await until(() => !pids.some(isAlive), 'all roles are gone')
    const listens = [
      ...ready.vips.map(({ listen }) => listen),
      ...ready.backends.map(({ address, port }) => `${address}:${port}`),
      ...ready.switches.map(({ address }) => `${address}:1790`),
      new URL(ready.api).host,
    ]
    for (const listen of listens) t.ok(await isFree(listen), `${listen} is free`)
    if (signal !== 'SIGKILL') t.equal(cluster.launcher.exitCode, 0)
  })

t.test('a role that is stopped when its launcher is killed does not stay either, nor do the files', async (t) => {
  const cluster = await TestCluster.start(t, '127.60.0.0/16', ['--lbs', '2', '--backends', '1'])
  const { pids, ready } = cluster
  process.kill(ready.lbs[0]!.pid, 'SIGSTOP')
  await cluster.stop('SIGKILL')
  await until(() => !pids.some(isAlive), 'all roles are gone')
  await until(() => !existsSync(cluster.directory), 'the run directory is gone')
  t.pass()
})

t.test('a second cluster in the same block is refused with the remedy, and the first goes on', async (t) => {
  const cluster = await TestCluster.start(t, '127.64.0.0/16', ['--lbs', '1', '--backends', '1'])
  const second = await cluster.cli('up', '--block', '127.64.0.0/16')
  t.equal(second.code, 1)
  t.match(second.stderr, /already running in 127\.64\.0\.0\/16 .*--block auto/)
  t.equal((await fetchOnce(cluster.url('web'))).status, 200)
  await t.test("with '--block auto' it finds a place of its own", async (t) => {
    const other = await TestCluster.start(t, 'auto', ['--lbs', '1', '--backends', '1'])
    t.not(other.ready.block, cluster.ready.block)
    t.equal((await fetchOnce(other.url('web'))).status, 200)
  })
})

/** `up` in a block of its own, with a standard input that stays open. */
function up(t: Test, block: string, lbs = 2, directory = mkdtempSync(join(tmpdir(), 'fivetuple-test-'))) {
  const args = ['up', '--json', '--stdin', '--no-checks', '--lbs', String(lbs), '--backends', '1', '--block', block]
  const launcher = spawn(process.execPath, [BIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, XDG_RUNTIME_DIR: directory },
  })
  t.teardown(() => {
    launcher.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  })
  const ended = Promise.all([text(launcher.stderr), once(launcher, 'exit')]).then(([stderr, [code]]) => ({
    stderr,
    code,
  }))
  return { launcher, ended, files: join(directory, 'fivetuple', block.replace('/', '-')) }
}

t.test('a cluster continues if its output is no longer read, and so does a command', async (t) => {
  const cluster = await TestCluster.start(t, '127.56.0.0/16', ['--lbs', '2', '--backends', '1'])
  const { launcher, api } = cluster
  launcher.stdout?.destroy()
  launcher.stderr?.destroy()
  await api.role.kill({ role: 'lb-1', keepStopped: true }) // it would report that
  await api.role.start({ role: 'lb-1' })
  t.equal((await fetchOnce(cluster.url('web'))).status, 200)
  const env = { ...process.env, XDG_RUNTIME_DIR: cluster.runtimeDirectory }
  const command = spawn(process.execPath, [BIN, 'kill', 'lb-1', '--keep-stopped'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  command.stdout.destroy()
  const [complaints, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')])
  t.match({ complaints, code }, { complaints: '', code: 0 })
  t.match((await api.faults.list()).faults, [{ kind: 'kept-stopped', role: 'lb-1' }])
})

t.test('a cluster that is stopped while a command waits for routes ends at once', async (t) => {
  const cluster = await TestCluster.start(t, '127.56.0.0/16', ['--lbs', '1', '--backends', '1'])
  const { api, launcher, ready } = cluster
  process.kill(ready.lbs[0]!.pid, 'SIGSTOP') // it announces nothing any more
  const restarted = t.rejects(api.role.restart({ role: 'uplink' }))
  await until(() => cluster.events.filter(({ kind }) => kind === 'role.started').length === 5, 'uplink has died')
  await until(() => api.status().then(({ switches }) => 'uplink' in switches), 'uplink is ready')
  const ended = once(launcher, 'exit')
  launcher.kill('SIGTERM')
  await until(() => cluster.events.at(-1)?.kind === 'stopped', 'all is stopped')
  const stoppedAt = performance.now()
  await Promise.all([ended, restarted])
  const tookMs = performance.now() - stoppedAt
  t.ok(tookMs < 4_000, `the launcher ends ${tookMs} ms later`)
})

t.test('a cluster that is stopped before it is ready ends at once', async (t) => {
  const { launcher, ended } = up(t, '127.59.0.0/16', 12) // it takes a while
  const pids: number[] = []
  for await (const line of createInterface({ input: launcher.stdout })) {
    const event = JSON.parse(line) as ClusterEvent
    if (event.kind === 'role.started') pids.push(event.pid)
    if (pids.length === 1) launcher.kill('SIGINT')
    t.not(event.kind, 'ready')
  }
  const { code, stderr } = await ended
  t.equal(code, 1)
  t.match(JSON.parse(stderr), { error: 'it was stopped before it was ready', exitCode: 1 })
  t.equal(pids.length, 15)
  t.notOk(pids.some(isAlive), 'no role is left')
})

t.test('a cluster whose launcher is killed before it is ready leaves no files', async (t) => {
  const { launcher, ended, files } = up(t, '127.59.0.0/16', 12)
  await once(createInterface({ input: launcher.stdout }), 'line') // a role has started
  t.ok(existsSync(files))
  launcher.kill('SIGKILL')
  await ended
  await until(() => !existsSync(files), 'the run directory is gone')
})

t.test('a second cluster in the block of one that is just starting leaves that alone', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-test-'))
  const first = up(t, '127.59.0.0/16', 12, directory)
  const events = createInterface({ input: first.launcher.stdout })[Symbol.asyncIterator]()
  await events.next() // a role has started
  const second = up(t, '127.59.0.0/16', 12, directory)
  second.launcher.stdout.resume()
  t.match(await second.ended, { code: 1, stderr: /(is in use|already running).*--block auto/ })
  const seen: string[] = []
  while (!seen.includes('ready')) seen.push((JSON.parse((await events.next()).value) as ClusterEvent).kind)
  t.notOk(seen.includes('role.exited'))
  t.ok(existsSync(join(first.files, 'cluster.json')))
})

t.test('a cluster that finds an address in use reports it and ends', async (t) => {
  for (const [port, address, says] of [
    [8080, '127.58.3.1', /backend-1 can't start: 127\.58\.3\.1:8080 is in use: .*--block auto/],
    [7070, '127.58.0.254', /127\.58\.0\.254:7070 is in use: .*--block auto/],
  ] as const) {
    const other = createServer().listen(port, address)
    await once(other, 'listening')
    const { launcher, ended } = up(t, '127.58.0.0/16')
    launcher.stdout.resume()
    t.match(await ended, { code: 1, stderr: says })
    other.close()
  }
})

t.test('--json reports each event in one line', async (t) => {
  const cluster = await TestCluster.start(t, '127.65.0.0/16', ['--lbs', '2', '--backends', '1'])
  t.match(cluster.ready, {
    kind: 'ready',
    api: 'http://127.65.0.254:7070',
    vips: [{ name: 'web', address: '127.65.10.1', port: 8080, lbs: ['lb-1', 'lb-2'] }, { name: 'api' }],
    lbs: [{ name: 'lb-1', pid: Number, bip: '127.65.2.1' }, { name: 'lb-2' }],
    backends: [{ name: 'backend-1', pid: Number, address: '127.65.3.1', port: 8080 }],
    switches: [
      { name: 'uplink', role: 'uplink', pid: Number },
      { name: 'downlink', role: 'downlink', pid: Number },
    ],
  })
  const closed = once(cluster.launcher, 'close') // with the complete output
  cluster.launcher.kill('SIGTERM')
  await closed
  t.equal(cluster.events.at(-1)?.kind, 'stopped')
  cluster.events.forEach(({ at, mono, seq, cause = 0 }, i) => {
    t.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.ok(Number.isInteger(mono) && mono >= 0)
    t.equal(seq, i + 1)
    t.ok(cause < seq, 'a cause comes before its effects')
  })
})
