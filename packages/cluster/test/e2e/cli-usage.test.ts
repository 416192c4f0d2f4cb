import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const BIN = fileURLToPath(new URL('bin.js', import.meta.resolve('@fivetuple/cluster')))

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command, without a cluster, with this on standard input. */
function runWith(input: string, ...args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [BIN, ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    )
    child.stdin?.on('error', () => {}).end(input)
  })
}

t.test('a configuration is read from files of any type, and never without bound', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'fivetuple-check-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const check = (file: string, input = '') => runWith(input, 'check', '-f', file)
  const fifo = join(directory, 'fifo')
  execFileSync('mkfifo', [fifo])
  const [piped, fromFifo] = await Promise.all([check('-', 'lbs: 3'), check(fifo), writeFile(fifo, 'lbs: 5')])
  t.match(piped, { code: 0, stdout: /valid: 3 LBs/ })
  t.match(fromFifo, { code: 0, stdout: /valid: 5 LBs/ })
  t.match(await check('-', 'lbz: 3'), { code: 2, stderr: /^standard input:1:1: lbz is no setting/ })
  t.match(await check('-', '#'.repeat(1_000_000)), { code: 2, stderr: /standard input is larger than .* 262144 bytes/ })
  t.match(await check('/dev/zero'), { code: 2, stderr: /\/dev\/zero is larger than a configuration may be/ })
  t.match(await check(directory), { code: 2, stderr: /is a directory: name the configuration file in it/ })
  writeFileSync(join(directory, 'latin1.yaml'), Buffer.from([0x6e, 0xe9]))
  t.match(await check(join(directory, 'latin1.yaml')), { code: 2, stderr: /is no text in UTF-8/ })
})

t.test('errors of usage are JSON with --json', async (t) => {
  for (const [args, error] of [
    [['nonsense'], /unknown command 'nonsense'/],
    [['explain'], /missing required argument 'client'/],
    [['backend', 'slow', 'backend-1', '300'], /a duration has a unit: 300ms or 300s/],
    [['lb', 'drain', 'lb-1', '--deadline', '30'], /a duration has a unit: 30ms or 30s/],
    [['up', '-f', '-', '--stdin'], /both read standard input/],
  ] as const) {
    const { code, stdout, stderr } = await runWith('', ...args, '--json')
    t.match({ code, stdout, ...JSON.parse(stderr) }, { code: 2, stdout: '', exitCode: 2, error }, args.join(' '))
  }
  t.match(await runWith('', 'status', '-x'), { code: 2, stderr: /^error: unknown option '-x'\n\(see/ }, 'else text')
  const { stderr } = await runWith('', 'up', '-f', '/dev/null', '--block', '10.0.0.0/16', '--json')
  t.match(JSON.parse(stderr), { error: /not usable/, exitCode: 2, errors: [{ file: '--block' }] })
})
