import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { fetchOnce } from './http-probe.js'
import { isAlive, TestCluster, until } from './test-cluster.js'

/** Processes of the line cards of a switch. */
async function cardPids(cluster: TestCluster, name: string): Promise<number[]> {
  return (await cluster.api.status()).switches[name]!.cards.map(({ pid }) => pid)
}

/** State of a process: 'T' while it is stopped by a signal (proc(5)). */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2)[0]!
}

/** Share of samples in which all these processes were stopped, and in which only some were. */
async function stoppedShare(pids: readonly number[], forMs: number): Promise<{ all: number; some: number }> {
  const seen = { samples: 0, all: 0, some: 0 }
  for (const end = performance.now() + forMs; performance.now() < end; await sleep(7)) {
    const stopped = pids.filter((pid) => stateOf(pid) === 'T').length
    seen.samples++
    if (stopped === pids.length) seen.all++
    else if (stopped > 0) seen.some++
  }
  return { all: seen.all / seen.samples, some: seen.some / seen.samples }
}

t.test(
  'a starved role runs for its share of the time, with all its processes',
  { skip: !existsSync('/proc/self/stat') },
  async (t) => {
    const cluster = await TestCluster.start(t, '127.95.0.0/16', ['--lbs', '2', '--backends', '1'], 'lineCards: 2\n')
    const { api } = cluster
    const lb = cluster.ready.lbs[1]!.pid
    const uplink = [
      cluster.ready.switches.find(({ name }) => name === 'uplink')!.pid,
      ...(await cardPids(cluster, 'uplink')),
    ]
    t.equal(uplink.length, 3)

    t.match(await cluster.cli('starve', 'lb-2', '--cpu', '20%'), {
      code: 0,
      stdout: /^lb-2 \(pid \d+\) runs for 20 % of the time\n.*Undo:\n {2}fivetuple faults clear f1\n$/s,
    })
    const { all } = await stoppedShare([lb], 2_000)
    t.ok(all > 0.6 && all < 0.95, `stopped in ${Math.round(all * 100)} % of the samples`)
    t.match((await cluster.cli('status')).stdout, /^lb-2 +\d+ +running \(CPU 20 %\)/m)
    t.match((await api.faults.list()).faults, [{ kind: 'starved', role: 'lb-2', cpu: 0.2, author: 'cli' }])
    for (let i = 0; i < 8; i++) t.equal((await fetchOnce(cluster.url('web'))).status, 200)

    t.match(await api.role.starve({ role: 'uplink', cpu: 0.5, forMs: 3_000 }), { injected: [{ id: 'f2' }] })
    const cards = await stoppedShare(uplink, 1_500)
    t.ok(cards.all > 0.25 && cards.all < 0.75, `all stopped in ${Math.round(cards.all * 100)} % of the samples`)
    t.ok(cards.some < 0.2, `only some of them in ${Math.round(cards.some * 100)} %`)

    // A pause takes precedence, and after it the role is starved as before.
    await api.role.pause({ role: 'lb-2' })
    t.equal((await stoppedShare([lb], 300)).all, 1)
    await api.role.resume({ role: 'lb-2' })
    t.not((await stoppedShare([lb], 1_000)).all, 1)

    await until(async () => (await api.faults.list()).faults.length === 1, 'the switch is starved no longer')
    t.equal((await stoppedShare(uplink, 300)).all, 0)
    t.match(await api.faults.clear(), { cleared: [{ kind: 'starved', role: 'lb-2' }] })
    t.equal((await stoppedShare([lb], 300)).all, 0)

    // A role that is started again gets all its time.
    await api.role.starve({ role: 'lb-2', cpu: 0.1, forMs: 60_000 })
    await api.role.restart({ role: 'lb-2' })
    t.strictSame((await api.faults.list()).faults, [])

    await t.rejects(api.role.starve({ role: 'lb-2', cpu: 1.2 }), { status: 400, message: /body\.cpu .*0\.01 to 0\.99/ })
    await t.rejects(api.role.starve({ role: 'lb-2', cpu: 0 }), { status: 400, message: /body\.cpu/ })
    t.match(await cluster.cli('starve', 'lb-2', '--cpu', '120%'), { code: 2, stderr: /a percentage/ })
    t.match(await cluster.cli('starve', 'lb-2'), { code: 2, stderr: /--cpu/ })
    await api.role.kill({ role: 'lb-2', keepStopped: true })
    await t.rejects(api.role.starve({ role: 'lb-2', cpu: 0.5 }), { status: 409, message: /lb-2 is not running/ })
  },
)

t.test('a launcher that is killed leaves no paused and no starved process', async (t) => {
  const cluster = await TestCluster.start(t, '127.96.0.0/16', ['--lbs', '2', '--backends', '2'], 'lineCards: 2\n')
  const { api } = cluster
  const pids = [...cluster.pids, ...(await cardPids(cluster, 'uplink')), ...(await cardPids(cluster, 'downlink'))]
  t.equal(pids.length, 10)
  await api.role.starve({ role: 'uplink', cpu: 0.01 })
  await api.role.starve({ role: 'lb-1', cpu: 0.05, forMs: 60_000 })
  await api.role.pause({ role: 'lb-2' })
  await api.role.pause({ role: 'downlink', forMs: 60_000 })
  await api.role.pause({ role: 'backend-1' })
  await cluster.stop('SIGKILL')
  await until(() => !pids.some(isAlive), 'no process is left')
})
