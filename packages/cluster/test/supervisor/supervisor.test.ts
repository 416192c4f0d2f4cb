import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import type { RoleSpec } from '../../dist/launcher/role-process.js'
import { Supervisor } from '../../dist/launcher/supervisor.js'

const PROGRAM = fileURLToPath(new URL('role.js', import.meta.url))

/** A supervisor with roles that are ready, and the names of those that have been stopped in order. */
async function supervise(t: Test, roles: Record<string, 'orderly' | 'stubborn'>) {
  const stoppedFile = join(t.testdir({ stopped: '' }), 'stopped')
  process.env.STOPPED_IN_ORDER = stoppedFile
  const supervisor = new Supervisor()
  t.teardown(() => supervisor.stop())
  const names = Object.keys(roles)
  const missing = new Set(names)
  const ready = new Promise<void>((resolve) =>
    supervisor.on('ready', (name) => {
      missing.delete(name)
      if (missing.size === 0) resolve()
    }),
  )
  supervisor.start(names.map((name): RoleSpec => ({ kind: 'lb', name, program: PROGRAM, configFile: roles[name]! })))
  await ready
  return { supervisor, stoppedInOrder: () => readFileSync(stoppedFile, 'utf8').split('\n').filter(Boolean) }
}

t.test('a role that is killed is started again after a delay that doubles', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly' })
  const { pid } = supervisor.state('a')
  const state = await supervisor.kill('a', false)
  t.match(state, { state: 'restarting', pid: 0, restartInMs: 500, restarts: 0 })
  await t.rejects(supervisor.kill('a', false), /a is not running/)
  await once(supervisor, 'ready')
  t.match(supervisor.state('a'), { state: 'running', restarts: 1, restartInMs: null })
  t.not(supervisor.state('a').pid, pid)
  t.equal((await supervisor.kill('a', false)).restartInMs, 1000)
})

t.test('a request to a role that is just dying does not throw', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly', b: 'orderly' })
  const { pid } = supervisor.state('a')
  process.kill(pid, 'SIGKILL')
  while (!isZombie(pid)); // gone, and this process has had no chance to hear of it
  await t.rejects(supervisor.request('a', 'echo', 1), { message: 'a has exited' })
  t.equal(await supervisor.request('b', 'echo', 1), 1)
})

t.test('a role that can not be forked is tried again, and does not hold the shutdown up', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly' })
  const { execPath } = process
  t.teardown(() => {
    process.execPath = execPath
  })
  await supervisor.kill('a', true)
  for (const [program, why] of [
    ['/there/is/no/node', /a can't be forked: .*ENOENT/],
    ['', /a can't be forked: .*empty/], // of what node finds wrong at once, as it does with ENOMEM
  ] as const) {
    process.execPath = program
    await t.rejects(supervisor.launch('a'), why)
    t.match(supervisor.state('a'), { state: 'restarting', pid: 0 })
  }
  process.execPath = execPath
  await once(supervisor, 'ready')
  t.equal(await supervisor.request('a', 'echo', 1), 1)
  await supervisor.kill('a', true)
  process.execPath = '/there/is/no/node'
  const launched = t.rejects(supervisor.launch('a'))
  await supervisor.stop()
  await launched
})

t.test('a role that has not started yet is not waited for', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly' })
  await supervisor.kill('a', false)
  await once(supervisor, 'started')
  await t.rejects(supervisor.request('a', 'echo', 1), { message: 'a is starting' })
  await once(supervisor, 'ready')
  t.equal(await supervisor.request('a', 'echo', 1), 1)
})

t.test('a role that is killed and kept stopped stays down until it is started', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly', b: 'orderly' })
  const deaths: unknown[] = []
  supervisor.on('died', (...death) => deaths.push(death))
  t.match(await supervisor.kill('a', true), { state: 'kept-stopped', pid: 0, restartInMs: null })
  t.strictSame(deaths, [['a', 'was ended by SIGKILL', undefined]])
  await t.rejects(supervisor.kill('a', true), /kept stopped already/)
  await t.rejects(supervisor.request('a', 'echo', 1), /a is not running/)
  t.throws(() => supervisor.pause('a'), /a is not running/)
  await supervisor.launch('a')
  t.match(supervisor.state('a'), { state: 'running', restarts: 1 })
  t.equal(await supervisor.request('a', 'echo', 1), 1)
  await t.rejects(supervisor.launch('a'), /running already/)
})

t.test('a role that waits for its next start can be kept stopped, or started at once', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly', b: 'orderly' })
  await Promise.all([supervisor.kill('a', false), supervisor.kill('b', false)])
  t.equal((await supervisor.kill('a', true)).state, 'kept-stopped')
  await supervisor.launch('b')
  t.match(supervisor.state('b'), { state: 'running', restarts: 1 })
  // b's own start would have been due half a second after its death: its timer must be gone with it.
  const { state } = await supervisor.kill('b', false)
  t.equal(state, 'restarting')
  await once(supervisor, 'ready')
  t.match(supervisor.state('b'), { state: 'running', restarts: 2 })
  t.match(supervisor.state('a'), { state: 'kept-stopped', restarts: 0 })
})

t.test('a paused role is reported, responds again when it is resumed, and is still the same process', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly' })
  const { pid } = supervisor.state('a')
  t.match(supervisor.pause('a'), { state: 'paused', pid })
  await t.rejects(supervisor.request('a', 'echo', 1), /a is paused \(SIGSTOP\): resume it with 'fivetuple resume a'/)
  t.match(supervisor.pause('a'), { state: 'paused', pid }, 'once more changes nothing')
  t.match(supervisor.resume('a'), { state: 'running', pid })
  t.equal(await supervisor.request('a', 'echo', 2), 2)
})

t.test('a request sent before a role was paused is not waited for', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly' })
  process.kill(supervisor.state('a').pid, 'SIGSTOP') // so that there is certainly no response before the pause
  const asked = supervisor.request('a', 'echo', 1)
  supervisor.pause('a')
  await t.rejects(asked, /a is paused/)
  supervisor.resume('a')
  t.equal(await supervisor.request('a', 'echo', 2), 2, 'the late response is not taken for this one')
})

t.test('a restart stops in order and starts at once, without a longer delay for the next death', async (t) => {
  const { supervisor, stoppedInOrder } = await supervise(t, { a: 'orderly' })
  const deaths: unknown[] = []
  supervisor.on('died', (...death) => deaths.push(death))
  await supervisor.restart('a')
  t.strictSame(deaths, [['a', 'ended with code 0', 0]])
  t.strictSame(stoppedInOrder(), ['a'])
  t.match(supervisor.state('a'), { state: 'running', restarts: 1 })
  t.equal((await supervisor.kill('a', false)).restartInMs, 500)
  await supervisor.restart('a')
  t.match(supervisor.state('a'), { state: 'running', restarts: 2 }, 'it also starts what is down')
})

t.test('a paused role is restarted in order, too', async (t) => {
  const { supervisor, stoppedInOrder } = await supervise(t, { a: 'orderly' })
  supervisor.pause('a')
  await supervisor.restart('a')
  t.strictSame(stoppedInOrder(), ['a'])
  t.match(supervisor.state('a'), { state: 'running', restarts: 1 })
})

t.test('a role that is paused or does not stop does not delay the shutdown', async (t) => {
  const { supervisor, stoppedInOrder } = await supervise(t, { a: 'orderly', b: 'stubborn', c: 'orderly' })
  const pids = supervisor.states().map(({ pid }) => pid)
  supervisor.pause('a')
  supervisor.pause('b')
  await supervisor.kill('c', true)
  await supervisor.stop()
  t.ok(pids.every((pid) => !isAlive(pid)))
  t.strictSame(stoppedInOrder(), ['a'])
})

t.test('a restart that the end of the cluster overtakes fails', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly' })
  const restarted = supervisor.restart('a')
  const stopped = supervisor.stop()
  await t.rejects(restarted, /a has ended while it started/)
  await stopped
  await t.rejects(supervisor.launch('a'), /the cluster is stopping/)
})

t.test('a name that is none', async (t) => {
  const { supervisor } = await supervise(t, { a: 'orderly' })
  await t.rejects(supervisor.kill('b', false), /there is no b in this cluster/)
  await t.rejects(supervisor.restart('b'), /there is no b in this cluster/)
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** True if a child of this process has died and was not waited for (proc(5), state Z). */
function isZombie(pid: number): boolean {
  return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}
