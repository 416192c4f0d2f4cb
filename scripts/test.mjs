// Runs the compiled tests with tap: all of them, or `node scripts/test.mjs [file …]` some. The last line says how many
// assertions passed and failed, by tap's own count.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MARK = '.tap/built-for'
const installed = realpathSync('node_modules/tap')

const tap = (...args) => spawnSync('node_modules/.bin/tap', args, { stdio: 'inherit' }).status ?? 1

// tap compiles its set of plugins into its own installation (ours has no TypeScript plugin, see .taprc): once per install.
if (read(MARK) !== installed) {
  if (tap('build') !== 0) process.exit(1)
  mkdirSync('.tap', { recursive: true })
  writeFileSync(MARK, installed)
}

const directory = mkdtempSync(join(tmpdir(), 'fivetuple-tap-'))
const resultFile = join(directory, 'result.tap')
const reporter = process.stdout.isTTY ? [] : ['--reporter=terse']
const status = tap('run', ...reporter, `--output-file=${resultFile}`, ...process.argv.slice(2))
const result = read(resultFile) ?? ''
rmSync(directory, { recursive: true })
const { pass, fail, skip } = totals(result)
if (skip > 0) console.log(`${skip} skipped: ${skips(result).join('; ')}`)
console.log(`${pass} passed, ${status === 0 ? fail : Math.max(fail, 1)} failed`)
process.exit(status)

/** The counts that tap writes at the end of its output: `# { total: 21, pass: 20, fail: 1 }`. */
function totals(output) {
  const last = output.match(/^# \{.*\}$/gm)?.at(-1) ?? ''
  const count = (name) => Number(new RegExp(`${name}: (\\d+)`).exec(last)?.[1] ?? 0)
  return { pass: count('pass'), fail: count('fail'), skip: count('skip') }
}

/** What was skipped, and why. */
function skips(output) {
  return [...new Set(output.match(/# SKIP.*$/gm) ?? [])].map((line) => line.slice('# SKIP '.length))
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
