// Loaded before each test file: property tests draw the same values in each run, so that a run says something about the
// change under test and not about chance. `FIVETUPLE_PROPERTY_SEED=random` explores; a number repeats a run.
import { readFileSync } from 'node:fs'

const DEFAULT_SEED = 5

const file = process.argv[1] ?? ''
const setting = process.env.FIVETUPLE_PROPERTY_SEED ?? String(DEFAULT_SEED)
// fast-check takes 100 ms to load, and most files do without.
if (setting !== 'random' && file.endsWith('.test.js') && /from ['"]fast-check['"]/.test(readFileSync(file, 'utf8'))) {
  const { configureGlobal } = await import('fast-check')
  configureGlobal({ seed: Number(setting) })
}
