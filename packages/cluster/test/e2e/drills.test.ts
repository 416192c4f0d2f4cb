import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { runProbe } from '@fivetuple/client'
import t from 'tap'
import { TestCluster, until } from './test-cluster.js'

const DRILLS = fileURLToPath(new URL('../../../../scripts/failures/', import.meta.url))

/** Runs a drill against a cluster; `interrupt` ends it before its time. */
function drill(cluster: TestCluster, name: string, ...args: readonly string[]) {
  const env = { ...process.env, XDG_RUNTIME_DIR: cluster.runtimeDirectory }
  const child = spawn('/bin/sh', [`${DRILLS}${name}.sh`, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const done = Promise.all([exited, text(child.stdout), text(child.stderr)]).then(([code, stdout, stderr]) => ({
    code,
    stdout,
    stderr,
  }))
  return { done, interrupt: (signal: NodeJS.Signals) => child.kill(signal) }
}

t.test('each drill injects its fault, under load, and leaves none behind', async (t) => {
  const cluster = await TestCluster.start(t, '127.57.0.0/16', ['--lbs', '2', '--backends', '2'])
  const { api } = cluster
  const stop = new AbortController()
  const url = new URL(cluster.url('web'))
  const load = runProbe({
    url,
    ratePerSecond: 50,
    connections: 'new',
    durationMs: 120_000,
    timeoutMs: 5_000,
    signal: stop.signal,
  })
  const drills: readonly [name: string, args: readonly string[], fault: object | undefined, says: RegExp][] = [
    ['kill-lb', ['lb-2', '1'], { kind: 'kept-stopped', role: 'lb-2' }, /lb-2 .* is killed.*lb-2 .* is started/s],
    ['pause-lb', ['lb-2', '1'], { kind: 'paused', role: 'lb-2' }, /lb-2 .* is paused.*lb-2 .* is resumed/s],
    ['link-down', ['lb-2', 'uplink', '1'], { kind: 'link-down', role: 'lb-2', side: 'uplink' }, /is down: .*is up/s],
    [
      'impair-link',
      ['lb-2', 'uplink', '1', '--in', '--delay', '20ms'],
      { kind: 'link-impaired', role: 'lb-2', fault: { kind: 'delay', ms: 20 } },
      /has delay 20ms towards the LB.*cleared: /s,
    ],
    ['kill-backend', ['backend-2', '1'], { kind: 'kept-stopped', role: 'backend-2' }, /is killed.*is started/s],
    ['pause-backend', ['backend-2', '1'], { kind: 'paused', role: 'backend-2' }, /is paused.*is resumed/s],
    ['slow-backend', ['backend-2', '200ms', '1'], { behavior: { delayMs: 200 } }, /200 ms late.*behaves normally/s],
    ['failing-backend', ['backend-2', '20%', '1'], { behavior: { failRatio: 0.2 } }, /20 %.*behaves normally/s],
    ['restart', ['lb-1'], undefined, /lb-1 .* is started/s],
    ['rolling-restart', ['1s'], undefined, /lb-1: draining.*lb-2: back.*done: 2 LBs/s],
  ]
  t.same(
    drills.map(([name]) => name).sort(),
    readdirSync(DRILLS)
      .map((file) => file.replace(/\.sh$/, ''))
      .filter((name) => name !== 'drill')
      .sort(),
    'all there are',
  )
  for (const [name, args, fault, says] of drills) {
    const { done } = drill(cluster, name, ...args)
    let ended = false
    void done.then(() => {
      ended = true
    })
    if (fault !== undefined) {
      let faults: readonly unknown[] = []
      await until(async () => {
        faults = (await api.faults.list()).faults
        return ended || faults.length > 0
      }, `${name} breaks something`)
      if (faults.length > 0) t.match(faults, [fault], name)
    }
    const { code, stdout, stderr } = await done
    t.equal(code, 0, `${name}: ${stderr}`)
    t.match(stdout, says, name)
    t.match(stdout, /^Watch:\n {2}(fivetuple|curl)/m, name)
    t.same((await api.faults.list()).faults, [], `${name} has cleared it`)
  }
  stop.abort()
  const { completed } = await load
  t.ok(completed > 0, `${completed} requests were completed meanwhile`)

  const { done, interrupt } = drill(cluster, 'pause-lb', 'lb-1', '60')
  await until(async () => (await api.faults.list()).faults.length === 1, 'it is paused')
  interrupt('SIGTERM')
  t.match(await done, { code: 143, stdout: /is resumed/ })
  t.same((await api.faults.list()).faults, [], 'one that is interrupted clears its fault, too')

  t.match(await drill(cluster, 'kill-lb', 'lb-9').done, { code: 2, stderr: /there are uplink, downlink, lb-1, lb-2/ })
  t.match(await drill(cluster, 'kill-lb', 'lb-1', 'soon').done, { code: 2, stderr: /not a number of seconds/ })
  t.match(await drill(cluster, 'kill-lb', '--help').done, { code: 0, stdout: /An LB dies.*Usage:/s })
  t.same((await api.faults.list()).faults, [])
})
