import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { isAlive, until } from './test-cluster.js'

const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@fivetuple/cluster')))

/** Runs `fivetuple run` on a file. */
function run(t: Test, file: string, ...args: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-test-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const env = { ...process.env, XDG_RUNTIME_DIR: directory }
  const child = spawn(process.execPath, [BIN, 'run', file, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  t.teardown(() => child.kill('SIGKILL'))
  let progress = ''
  child.stderr.setEncoding('utf8').on('data', (line: string) => (progress += line))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const done = Promise.all([exited, text(child.stdout)]).then(([code, stdout]) => ({ code, stdout, stderr: progress }))
  return { child, done, progress: () => progress }
}

const KILL = `
duration: 4s
cluster: { lbs: 3, backends: 2 }
load: [{ vip: web, rate: 100, connections: 30, timeout: 5s }]
events:
  - { at: 1s, do: kill lb-2 --keep-stopped }
  - { when: converged, after: 200ms, do: start lb-2 }
assert:
  - sent >= 1
  - flows.translationChanges == 0
`

t.test('a run starts its cluster, injects its events, judges, and leaves nothing', async (t) => {
  const folder = t.testdir({ 'kill.yaml': KILL })
  const { code, stdout, stderr } = await run(t, join(folder, 'kill.yaml'), '--json').done
  t.equal(code, 0, stderr)
  const result = JSON.parse(stdout)
  t.match(result, { scenario: 'kill', passed: true, seed: 1, isInterrupted: false })
  t.match(result.events, [
    { command: 'kill lb-2 --keep-stopped', error: null },
    { command: 'start lb-2', error: null },
  ])
  t.ok(result.events[1].startedMs >= result.events[0].startedMs + result.events[0].convergedMs + 200, 'when: converged')
  t.ok(result.metrics.sent > 0 && result.metrics['flows.opened'] >= 30, JSON.stringify(result.metrics))
  const pids = result.clusterEvents.flatMap(({ pid }: { pid?: number }) => pid ?? [])
  t.ok(pids.length >= 7, 'events of the cluster are in the record')
  t.same(pids.filter(isAlive), [], 'no process is left')
})

t.test('an assertion that does not hold fails the run and names the value that it saw', async (t) => {
  const folder = t.testdir({
    'slow.yaml': 'duration: 1s\ncluster: { lbs: 1, backends: 1 }\nload: [{ rate: 20 }]\nassert: [completed > 1000]\n',
  })
  const { code, stdout } = await run(t, join(folder, 'slow.yaml')).done
  t.equal(code, 1)
  t.match(stdout, /^FAILED {2}slow, seed 1\n {2}not ok completed > 1000: saw \d+, compared with 1000\n/)
})

t.test('mistakes are told with their places, and nothing starts', async (t) => {
  const folder = t.testdir({
    'bad.yaml': 'duration: 1s\nload: [{ vip: no }]\nevents: [{ at: 1s, do: kil x }]\nassert: [faild < 1]\n',
  })
  const { code, stdout, stderr } = await run(t, join(folder, 'bad.yaml'), '--check').done
  t.equal(code, 2)
  t.equal(stdout, '')
  for (const place of ['2:10: load[0].vip', '3:20: events[0].do', '4:10: assert[0]'])
    t.match(stderr, `bad.yaml:${place}`)
})

t.test('Ctrl-C ends a run early, and it still reports; a killed run leaves no process', async (t) => {
  const folder = t.testdir({ 'long.yaml': 'duration: 10m\ncluster: { lbs: 1, backends: 1 }\n' })
  const first = run(t, join(folder, 'long.yaml'))
  await until(() => /^load for/m.test(first.progress()), 'the load runs')
  first.child.kill('SIGINT')
  const { code, stdout } = await first.done
  t.equal(code, 1)
  t.match(stdout, /^INTERRUPTED {2}long/)

  const second = run(t, join(folder, 'long.yaml'))
  await until(() => /^load for/m.test(second.progress()), 'the load runs')
  const children = childrenOf(second.child.pid!)
  t.ok(children.length >= 5, `${children.length} processes`)
  second.child.kill('SIGKILL')
  await until(() => !children.some(isAlive), 'all processes are gone')
})

/** Process ids of the children of a process, from /proc. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
}
