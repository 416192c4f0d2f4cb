import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeRefusal } from '@fivetuple/runtime/require-node'
import t from 'tap'

const ROOT = new URL('../../../', import.meta.url)

/** Loaded first, it makes a program run as on this version of Node.js. */
function pretending(version: string): string {
  const versions = `{ ...process.versions, node: '${version}' }`
  return `data:text/javascript,Object.defineProperty(process, 'versions', { value: ${versions} })`
}

/** Loaded first, it makes a program run as under a uid that the user database does not know. */
const WITHOUT_USER = `data:text/javascript,${[
  "import os from 'node:os'",
  "import { syncBuiltinESMExports } from 'node:module'",
  "os.userInfo = os.homedir = () => { throw new Error('uv_os_get_passwd returned ENOENT') }",
  'syncBuiltinESMExports()',
].join(';')}`

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** @param first module that is loaded before the program */
function run(file: string, first: string, args: readonly string[], change: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  // Without the hooks of the test runner, which take longer than the programs.
  const env = { ...process.env, NODE_OPTIONS: undefined, ...change }
  return new Promise((resolve) =>
    execFile(process.execPath, ['--import', first, file, ...args], { env, cwd: ROOT }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    ),
  )
}

/** Programs that a user may start, relative to the root. */
function entryPoints(): string[] {
  const mains = readdirSync(new URL('packages/', ROOT))
    .filter((name) => name !== 'cluster') // its main module is started by bin.js
    .map((name) => `packages/${name}/dist/main.js`)
  const all = ['packages/cluster/dist/bin.js', ...mains, 'bench/dist/main.js', 'scripts/require-node.cjs']
  return all.filter((file) => existsSync(new URL(file, ROOT)))
}

t.test('every program refuses a Node.js that is too old, in one sentence', async (t) => {
  const files = entryPoints()
  t.equal(files.length, 7)
  for (const file of files)
    t.same(
      await run(file, pretending('20.5.1'), ['--help']),
      { code: 1, stdout: '', stderr: 'fivetuple needs Node.js 20.6 or newer, and this is 20.5.1.\n' },
      file,
    )
  t.match(await run(files[0]!, pretending('20.6.0'), ['--help']), { code: 0, stdout: /^Usage/, stderr: '' })
})

t.test('each command of the workspace checks Node.js before anything else', async (t) => {
  const { engines, scripts } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as {
    engines: { node: string }
    scripts: Record<string, string>
  }
  t.ok(Object.keys(scripts).length > 0)
  for (const [name, command] of Object.entries(scripts)) t.match(command, /^node scripts\/require-node\.cjs && /, name)
  const oldest = engines.node.replace('>=', '')
  t.equal(nodeRefusal(`${oldest}.0`), undefined)
  const [major, minor] = oldest.split('.').map(Number) as [number, number]
  t.match(nodeRefusal(`${major}.${minor - 1}.9`), new RegExp(`needs Node.js ${oldest} or newer`))
})

t.test('versions of Node.js are compared as numbers', async (t) => {
  for (const version of ['20.6.0', '20.20.2', '22.0.0', '24.21.3', '100.1.0']) t.equal(nodeRefusal(version), undefined)
  for (const version of ['20.5.1', '20.0.0', '18.20.8', '9.9.9', '0.12.18']) t.type(nodeRefusal(version), 'string')
})

t.test('a command works under a uid without an entry in the user database', async (t) => {
  const bin = fileURLToPath(new URL('packages/cluster/dist/bin.js', ROOT))
  const env = { HOME: undefined, XDG_RUNTIME_DIR: undefined, TMPDIR: t.testdir() }
  const { code, stderr } = await run(bin, WITHOUT_USER, ['status'], env)
  t.match({ code, stderr }, { code: 1, stderr: /^fivetuple: no cluster is running/ })
})
