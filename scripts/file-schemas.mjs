// Writes packages/cluster/schema/*.schema.json, the published schemas of the files that people write, from the compiled
// modules. Run `tsc -b` first. `--check` only tells whether the files are up to date.
import './require-node.cjs'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const root = new URL('../packages/cluster/', import.meta.url)
const { clusterSchema } = await import(new URL('dist/config/schema.js', root))
const { scenarioSchema } = await import(new URL('dist/scenario/schema.js', root))

for (const [name, schema] of Object.entries({ cluster: clusterSchema, scenario: scenarioSchema })) {
  const file = new URL(`schema/${name}.schema.json`, root)
  const text = `${JSON.stringify(schema, null, 2)}\n`
  if (process.argv.includes('--check')) {
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
    console.error(`${name}.schema.json does not match its module: run \`node scripts/file-schemas.mjs\``)
    process.exit(1)
  }
  mkdirSync(new URL('.', file), { recursive: true })
  writeFileSync(file, text)
}
