// Runs the compiled tests with tap. `node scripts/test.mjs [file …]` runs some of them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'

const MARK = '.tap/built-for'
const installed = realpathSync('node_modules/tap')

const tap = (...args) => spawnSync('node_modules/.bin/tap', args, { stdio: 'inherit' }).status ?? 1

// tap compiles its set of plugins into its own installation (ours has no TypeScript plugin, see .taprc): once per install.
if (builtFor() !== installed) {
  if (tap('build') !== 0) process.exit(1)
  mkdirSync('.tap', { recursive: true })
  writeFileSync(MARK, installed)
}
process.exit(tap('run', ...process.argv.slice(2)))

function builtFor() {
  try {
    return readFileSync(MARK, 'utf8')
  } catch {
    return undefined
  }
}
