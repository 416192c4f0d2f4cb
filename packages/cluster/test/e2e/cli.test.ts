import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { RawClient } from './http-probe.js'
import { isAlive, TestCluster, until } from './test-cluster.js'

const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@fivetuple/cluster')))

t.test('check reports ten different errors at once, each with its place and its remedy', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-check-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'cluster.yaml')
  const run = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((resolve) =>
      execFile(process.execPath, [BIN, 'check', '-f', file, ...args], (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      ),
    )
  writeFileSync(
    file,
    `lbs: 300
vip: []
vips:
  - { name: a b, polcy: random, policy: best }
  - { name: web, port: 70000, weights: { backend-1: 900 } }
nat: { timeouts: { syn: soon } }
bgp: { holdTime: [] }
ecmp: { hash: md5 }
redundancy: maybe
`,
  )
  const found = await run()
  t.equal(found.code, 2)
  t.same(
    found.stderr
      .split('\n')
      .filter((line) => line.startsWith(file))
      .map((line) => line.slice(file.length + 1)),
    [
      '1:1: lbs is 300: it must be a whole number from 1 to 250',
      "2:1: vip is no setting: did you mean 'vips'?",
      "4:7: vips[0].name is 'a b': it must be a name of letters, digits, '-' and '_', at most 63 long",
      "4:18: vips[0].polcy is no setting: did you mean 'policy'?",
      "4:33: vips[0].policy is 'best': it must be one of round-robin, weighted-round-robin, random, least-connections, power-of-two-choices, source-hash, maglev, active-backup",
      '5:18: vips[1].port is 70000: it must be a whole number from 1 to 65535',
      '5:42: vips[1].weights.backend-1 is 900: it must be a whole number from 0 to 256',
      "6:20: nat.timeouts.syn is 'soon': it must be a duration with a unit, such as 200ms, 5s or 15m",
      '7:8: bgp.holdTime is a list: it must be a duration with a unit, such as 200ms, 5s or 15m',
      "8:9: ecmp.hash is 'md5': it must be one of murmur3, crc32, xor",
      "9:1: redundancy is 'maybe': it must be one of active-active, active-standby",
    ],
  )
  const asJson = JSON.parse((await run('--json')).stdout)
  t.match(asJson, { ok: false, errors: [{ line: 1, column: 1, path: 'lbs', problem: /300/, remedy: /250/ }] })
  writeFileSync(file, 'vips: [{ name: web, policy: maglev }]')
  const good = await run()
  t.equal(good.code, 0)
  t.match(good.stdout, /valid: 4 LBs, 4 backends/)
  t.match(good.stdout, /web +tcp 127\.20\.10\.1:8080 .*maglev/)
  t.equal(good.stderr, '')

  writeFileSync(file, 'vips: [{ name: web, backends: [backend-1] }]')
  const doubtful = await run()
  t.equal(doubtful.code, 0)
  t.match(doubtful.stderr, /^warning: .*:1:1: backends is 4, and no VIP uses backend-2, backend-3, backend-4: add them/)
  t.match(JSON.parse((await run('--json')).stdout), { ok: true, warnings: [{ line: 1, path: 'backends' }] })
})

t.test('commands, their exit codes, and completion', async (t) => {
  const cluster = await TestCluster.start(t, '127.101.0.0/16', ['--lbs', '2', '--backends', '2'])
  const client = await RawClient.open(cluster.vip('web').listen)
  t.teardown(() => client.socket.destroy())
  const json = async (...args: string[]) => JSON.parse((await cluster.cli(...args, '--json')).stdout)
  await until(
    async () =>
      (await cluster.api.sessions({ lb: 'all', vip: 'web', limit: 1 })).some(({ sessions }) => sessions.length > 0),
    'its flow is there',
  )
  t.match(await json('sessions', '--vip', 'web'), [{ lb: 'lb-1' }, { lb: 'lb-2' }])
  t.match((await cluster.cli('sessions')).stdout, /tcp +127\.0\.0\.1:\d+ +127\.101\.10\.1:8080/)
  t.match(await json('health'), {
    backends: [{ vip: 'web', lb: 'lb-1', name: 'backend-1', isHealthy: true }],
    unreachable: [],
  })
  t.match(await json('vip', 'set', 'web', '--policy', 'maglev', '--weight', 'backend-2=5', '--max-sessions', '9'), {
    policy: 'maglev',
    weights: { 'backend-1': 1, 'backend-2': 5 },
    limits: { maxSessions: 9, newFlowsPerSecond: null },
  })
  t.match(
    (await cluster.cli('vip', 'set', 'web', '--max-sessions', '0')).stdout,
    /maglev +backend-1=1 backend-2=5 +no limit/,
  )

  const failed = await cluster.cli('vip', 'add', 'lb-7', 'web', '--json')
  t.equal(failed.code, 2)
  t.match(JSON.parse(failed.stderr), { error: /there is no LB 'lb-7'; there are lb-1, lb-2/, exitCode: 2 })
  for (const wrong of [
    ['vip', 'set', 'web'],
    ['vip', 'set', 'web', '--weight', 'x'],
    ['nonsense'],
    ['explain'],
    ['status', '--block', '127.5.0.0/16'],
  ])
    t.equal((await cluster.cli(...wrong)).code, 2, wrong.join(' '))

  const complete = async (...words: string[]) =>
    (await cluster.cli('complete', '--', ...words)).stdout.trim().split('\n')
  t.same(await complete('vip', 'se'), ['set'])
  t.same(await complete('vip', 'add', 'lb-'), ['lb-1', 'lb-2'])
  t.same(await complete('vip', 'add', 'lb-1', ''), ['web', 'api'])
  t.same(await complete('backend', 'drain', ''), ['backend-1', 'backend-2'])
  t.same(await complete('vip', 'set', 'web', '--policy', 'm'), ['maglev'])
  t.same(await complete('status', '--j'), ['--json'])
  for (const shell of ['bash', 'zsh', 'fish'])
    t.match((await cluster.cli('completion', shell)).stdout, /fivetuple complete/)

  const { pids } = cluster
  t.match((await cluster.cli('down')).stdout, /stopped 127\.101\.0\.0\/16/)
  t.notOk(pids.some(isAlive))
  const gone = await cluster.cli('status')
  t.equal(gone.code, 1)
  t.match(gone.stderr, /no cluster is running: start one with 'fivetuple up'/)
})
