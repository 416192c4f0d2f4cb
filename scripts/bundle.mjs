// Makes each program that a cluster consists of into few files, since to find, read and link hundreds takes most of a start's
// time. They are taken as long as they are up to date (packages/cluster/src/program.ts). Run `tsc -b` first.
import './require-node.cjs'
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUNDLE_FOLDER, isUpToDate, WITNESSES_FILE } from '../packages/cluster/dist/program.js'

const ROOT = new URL('../', import.meta.url)
const PROGRAMS = ['switch', 'lb-node', 'backend', 'cluster']
/** What CommonJS packages expect to be there, and ES modules don't have. */
const COMMONJS = `import { createRequire as $createRequire } from 'node:module'
import { dirname as $dirname } from 'node:path'
import { fileURLToPath as $fileURLToPath } from 'node:url'
const require = $createRequire(import.meta.url)
const __filename = $fileURLToPath(import.meta.url)
const __dirname = $dirname(__filename)`

for (const program of PROGRAMS) {
  const folder = new URL(`packages/${program}/dist/`, ROOT)
  const bundle = new URL(BUNDLE_FOLDER, folder)
  if (isUpToDate(bundle)) continue
  // Made elsewhere and moved, so that a start at the same time finds the old one, the new one or none.
  const fresh = new URL(`bundle-${process.pid}/`, folder)
  try {
    await makeBundle(new URL('main.js', folder), bundle, fresh)
  } catch (error) {
    // esbuild is a binary, which not every machine can run; everything works without, only later.
    process.stderr.write(`${program} is not bundled, so each start takes longer: ${error.message}\n`)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

async function makeBundle(main, bundle, fresh) {
  const { build } = await import('esbuild')
  const startedAt = new Date()
  const { metafile } = await build({
    absWorkingDir: fileURLToPath(ROOT),
    entryPoints: [fileURLToPath(main)],
    outdir: fileURLToPath(fresh),
    bundle: true,
    splitting: true, // what is loaded when it is needed stays so
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: COMMONJS },
    metafile: true,
    logLevel: 'warning',
  })
  const witnesses = new Set(Object.keys(metafile.inputs).map(witnessOf))
  const file = new URL(WITNESSES_FILE, fresh)
  writeFileSync(
    file,
    JSON.stringify([...witnesses].map((path) => relative(fileURLToPath(fresh), fileURLToPath(new URL(path, ROOT))))),
  )
  utimesSync(file, startedAt, startedAt) // what has been written meanwhile may not be in it
  rmSync(bundle, { recursive: true, force: true })
  renameSync(fresh, bundle)
}

/**
 * The file that tells whether an input has changed, so that a start need not look at all of many hundreds: of ours, what the
 * compiler writes about each package; of a dependency, whose folder's name has its version, the manifest.
 */
function witnessOf(input) {
  const [compiled] = /^packages\/[^/]+\/dist\//.exec(input) ?? []
  const [dependency] = /^.*\/node_modules\/(@[^/]+\/)?[^/]+\//.exec(input) ?? []
  if (compiled !== undefined) return `${compiled}.tsbuildinfo`
  return dependency === undefined ? input : `${dependency}package.json`
}
