// Writes packages/cluster/schema/cluster.schema.json, the published schema of configuration files, from the compiled
// packages/cluster/src/config/schema.ts. Run `tsc -b` first. `--check` only tells whether the file is up to date.
import './require-node.cjs'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const root = new URL('../packages/cluster/', import.meta.url)
const file = new URL('schema/cluster.schema.json', root)
const { clusterSchema } = await import(new URL('dist/config/schema.js', root))
const text = `${JSON.stringify(clusterSchema, null, 2)}\n`

if (process.argv.includes('--check')) {
  if (readFileSync(file, 'utf8') !== text) {
    console.error('cluster.schema.json does not match schema.ts: run `node scripts/cluster-schema.mjs`')
    process.exit(1)
  }
} else {
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, text)
}
