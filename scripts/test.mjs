// Runs the compiled tests with tap. `node scripts/test.mjs [file …]` runs some of them.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const tap = (...args) => spawnSync('node_modules/.bin/tap', args, { stdio: 'inherit' }).status ?? 1

// tap generates its plugin wrapper once; the TypeScript plugin is off, see .taprc.
if (!existsSync('.tap/plugins') && tap('build') !== 0) process.exit(1)
process.exit(tap('run', ...process.argv.slice(2)))
