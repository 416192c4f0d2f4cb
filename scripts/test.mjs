// Runs the compiled tests with tap: all of them, or `node scripts/test.mjs [file …]` some. The last line says how many
// assertions passed and failed, by tap's own count.
import './require-node.cjs'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

// tap asks for a home directory, which a uid without an entry in the user database has only by HOME.
const env = { HOME: tmpdir(), ...process.env }
const tap = (...args) => spawnSync('node_modules/.bin/tap', args, { stdio: 'inherit', env }).status ?? 1

// tap compiles its set of plugins into its own installation; as installed, that set has the TypeScript plugin, which can't
// load the native compiler (see .taprc).
if (builtPlugins()?.includes('@tapjs/typescript') !== false && tap('build') !== 0) process.exit(1)

dropOrphans()
const directory = mkdtempSync(join(tmpdir(), 'fivetuple-tap-'))
const resultFile = join(directory, 'result.tap')
const reporter = process.stdout.isTTY ? [] : ['--reporter=terse']
const propertySeed = `--node-arg=--import=${new URL('property-seed.mjs', import.meta.url)}`
const status = tap('run', propertySeed, ...reporter, `--output-file=${resultFile}`, ...process.argv.slice(2))
const result = read(resultFile) ?? ''
rmSync(directory, { recursive: true })
const { pass, fail, skip } = totals(result)
if (status !== 0) console.log(`\n${failures(result)}`)
if (skip > 0) console.log(`${skip} skipped: ${skips(result).join('; ')}`)
console.log() // the reporter may have left the cursor anywhere
console.log(`${pass} passed, ${status === 0 ? fail : Math.max(fail, 1)} failed`)
process.exit(status)

/** The counts that tap writes at the end of its output: `# { total: 21, pass: 20, fail: 1 }`. */
function totals(output) {
  const last = output.match(/^# \{.*\}$/gm)?.at(-1) ?? ''
  const count = (name) => Number(new RegExp(`${name}: (\\d+)`).exec(last)?.[1] ?? 0)
  return { pass: count('pass'), fail: count('fail'), skip: count('skip') }
}

/** Failed assertions with the diagnostics that follow them: the terse reporter omits some. */
function failures(output) {
  const lines = output.split('\n')
  return lines
    .flatMap((line, i) => (/^\s*(not ok|Bail out)/.test(line) ? [lines.slice(i, i + 25).join('\n')] : []))
    .join('\n---\n')
}

/** Compiled tests whose source is gone, which the compiler leaves where they are, would go on being run. */
function dropOrphans() {
  for (const folder of ['bench', ...readdirSync('packages').map((name) => join('packages', name))]) {
    const compiled = join(folder, 'dist-test')
    if (!existsSync(compiled)) continue
    for (const file of readdirSync(compiled, { recursive: true }))
      if (file.endsWith('.test.js') && !existsSync(join(folder, 'test', file.replace(/js$/, 'ts'))))
        rmSync(join(compiled, file))
  }
}

/** Skipped tests with their reasons. */
function skips(output) {
  return [...new Set(output.match(/# SKIP.*$/gm) ?? [])].map((line) => line.slice('# SKIP '.length))
}

/** Source of tap's compiled set of plugins. */
function builtPlugins() {
  const fromTap = createRequire(join(realpathSync('node_modules/tap'), 'package.json'))
  const test = dirname(fromTap.resolve('@tapjs/test/package.json'))
  return read(join(test, 'test-built/dist/esm/index.js'))
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
