// Bundles each program of a cluster into few files: to find, read and link hundreds of files takes most
// of the time of a start. A bundle is used while it is up to date (packages/cluster/src/program.ts).
// Run `tsc -b` first.
import './require-node.cjs'
import { readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BUNDLE_FOLDER, isUpToDate, WITNESSES_FILE } from '../packages/cluster/dist/program.js'

const ROOT = new URL('../', import.meta.url)
const PROGRAMS = ['switch', 'lb-node', 'backend', 'cluster']
/** Names that CommonJS packages expect and ES modules do not have. */
const COMMONJS = `import { createRequire as $createRequire } from 'node:module'
import { dirname as $dirname } from 'node:path'
import { fileURLToPath as $fileURLToPath } from 'node:url'
const require = $createRequire(import.meta.url)
const __filename = $fileURLToPath(import.meta.url)
const __dirname = $dirname(__filename)`

/**
 * Plugin that gives the registry of operations, with the faults in it, a copy of TypeBox in one module.
 * The command loads the registry at each start. A chunk that the registry shares with other modules has all that any of them uses
 * of TypeBox; the copy is left with only the statements that the registry uses.
 */
const TYPEBOX_OF_OPERATIONS = {
  name: 'typebox-of-operations',
  setup({ esbuild, resolve, onResolve, onLoad }) {
    onResolve({ filter: /^typebox$/ }, async ({ importer, resolveDir, kind, pluginData }) => {
      if (
        pluginData === 'original' ||
        !/[/\\]cluster[/\\]dist[/\\](operations|launcher[/\\]faults)[/\\]/.test(importer)
      )
        return
      const { path } = await resolve('typebox', { importer, resolveDir, kind, pluginData: 'original' })
      return { path, namespace: 'operations' }
    })
    onLoad({ filter: /./, namespace: 'operations' }, async ({ path }) => {
      const { Type, default: all, ...parts } = await import(path) // the first two have all parts as properties
      const contents = `export { ${Object.keys(parts)} } from ${JSON.stringify(path)}`
      const stdin = { contents, resolveDir: dirname(path) }
      const { outputFiles } = await esbuild.build({ stdin, bundle: true, format: 'esm', write: false })
      return { contents: outputFiles[0].text }
    })
  },
}

for (const program of PROGRAMS) {
  const folder = new URL(`packages/${program}/dist/`, ROOT)
  const bundle = new URL(BUNDLE_FOLDER, folder)
  if (isUpToDate(bundle)) continue
  // Made elsewhere and moved: a start at the same time finds the old bundle, the new one or none.
  const fresh = new URL(`bundle-${process.pid}/`, folder)
  try {
    await makeBundle(new URL('main.js', folder), bundle, fresh)
  } catch (error) {
    // esbuild is a binary that some machines can't run. All works without it, but starts take longer.
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
    splitting: true, // modules that are loaded when needed stay apart
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: COMMONJS },
    plugins: [TYPEBOX_OF_OPERATIONS],
    minifyWhitespace: true,
    lineLimit: 120,
    metafile: true,
    logLevel: 'warning',
  })
  for (const output of Object.keys(metafile.outputs)) dropUnusedBanner(new URL(output, ROOT))
  const witnesses = new Set(Object.keys(metafile.inputs).map(witnessOf))
  const file = new URL(WITNESSES_FILE, fresh)
  writeFileSync(
    file,
    JSON.stringify([...witnesses].map((path) => relative(fileURLToPath(fresh), fileURLToPath(new URL(path, ROOT))))),
  )
  utimesSync(file, startedAt, startedAt) // a file written during the build may not be in it
  rmSync(bundle, { recursive: true, force: true })
  renameSync(fresh, bundle)
}

/** Drops {@link COMMONJS} from a module that does not use it: to make a `require` costs time at each start. */
function dropUnusedBanner(file) {
  const [banner, code = ''] = split(readFileSync(file, 'utf8'))
  if (banner === COMMONJS && !/\brequire\b|\b__(file|dir)name\b/.test(code)) writeFileSync(file, code)
}

function split(text) {
  return [text.slice(0, COMMONJS.length), text.slice(COMMONJS.length).trimStart()]
}

/**
 * Returns the file whose time of change shows whether an input has changed, so that a start need not check
 * hundreds of files. For our packages it is the build info of the compiler. For a dependency it is the
 * manifest, since the name of its folder has its version.
 */
function witnessOf(name) {
  const input = name.replace(/^operations:/, '')
  const [compiled] = /^packages\/[^/]+\/dist\//.exec(input) ?? []
  const [dependency] = /^.*\/node_modules\/(@[^/]+\/)?[^/]+\//.exec(input) ?? []
  if (compiled !== undefined) return `${compiled}.tsbuildinfo`
  return dependency === undefined ? input : `${dependency}package.json`
}
