// Checks what compilers don't: which package may import which, purity of the protocol code, and a few habits.
// Each finding names the place, the reason and what to do instead. `node scripts/tidy.mjs [directory]`
// `node scripts/tidy.mjs --language [package]` counts what the language pass has left, or lists it for one package.
import './require-node.cjs'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { importCycles } from './tidy/import-cycles.mjs'
import { languageFindings } from './tidy/language.mjs'

const IS_LANGUAGE_COUNT = process.argv[2] === '--language'
const ROOT = IS_LANGUAGE_COUNT ? '.' : (process.argv[2] ?? '.')

/** Packages that each package may import. A package that is missing here may import any (cluster, bench). */
const MAY_IMPORT = {
  packet: [],
  faults: [],
  tcp: ['packet'],
  bgp: ['packet'],
  bfd: ['packet'],
  vrrp: ['packet'],
  capture: ['packet'],
  'flow-records': ['packet'],
  testkit: ['packet', 'faults'],
  runtime: ['packet', 'faults'],
  speaker: ['packet', 'bgp', 'bfd', 'runtime'],
  edge: ['packet', 'tcp', 'flow-records', 'runtime'],
  switch: ['packet', 'flow-records', 'tcp', 'bgp', 'runtime', 'speaker', 'edge'],
  'lb-node': ['packet', 'flow-records', 'faults', 'tcp', 'bgp', 'bfd', 'vrrp', 'runtime', 'speaker', 'edge'],
  backend: ['packet', 'runtime'],
  client: ['packet', 'faults', 'runtime'],
}
const APPS = ['switch', 'lb-node', 'backend', 'client']
/** Programs of roles. Only these files of them may load schemas; all others import their types. */
const ROLES = ['switch', 'lb-node', 'backend']
const SCHEMA_FILE = /\/(?:contract|status)\.ts$/
/** Start or end of an import of values whose module has schemas. `import(…)` is for checks in tests. */
const SCHEMA_IMPORT =
  /^(?:import (?!type\b)|\} )[^(]*from '(?:typebox|@fivetuple\/(?:runtime|speaker)\/(?:schemas|happenings)|\.[^']*\/(?:contract|status)\.js)/

/** Folders of code without I/O, time or chance. Every file below one of them is covered, new ones included. */
const PURE_FOLDERS = [
  'packages/bgp/src',
  'packages/edge/src/fabric',
  'packages/faults/src',
  'packages/packet/src',
  'packages/tcp/src',
  'packages/bfd/src',
  'packages/vrrp/src',
  'packages/capture/src',
  'packages/flow-records/src',
  'packages/switch/src/control-plane',
  'packages/switch/src/data-plane',
  'packages/switch/src/ports',
  'packages/lb-node/src/control-plane',
  'packages/lb-node/src/data-plane',
  'packages/lb-node/src/policy',
]
/** Folder of the sockets and timers of a pure folder: what is below it is not pure, and no pure file imports it. */
const DRIVERS = '/drivers/'
/** Packages whose comments still break the language rules. To be emptied: delete a line when its count is zero. */
const LANGUAGE_LEFT = []

const IMPURE_IMPORT =
  /from '(node:(?:net|dgram|http|https|fs|timers|child_process|cluster|perf_hooks|events|os)(?:\/[a-z]+)?|undici|fastify|pino)'/
const IMPURE_CALL =
  /\b(setTimeout|setInterval|setImmediate|Date\.now|Math\.random|performance\.now|process\.hrtime)\b\s*\(|\bnew Date\(\)/

const LINES_MAX = 600

if (IS_LANGUAGE_COUNT) {
  reportLanguage(process.argv[3])
  process.exit(0)
}

const findings = []
const report = (file, line, what) => findings.push(`${file}${line > 0 ? `:${line}` : ''}: ${what}`)

for (const folder of PURE_FOLDERS)
  if (!existsSync(join(ROOT, folder))) report(folder, 0, 'is in PURE_FOLDERS and does not exist: name its new place')
for (const name of directories(join(ROOT, 'packages'))) checkPackage(name)
for (const path of sources(join(ROOT, 'bench/src')))
  for (const { line, what } of languageFindings(readFileSync(path, 'utf8')))
    report(relative(ROOT, path).replaceAll('\\', '/'), line, what)
for (const folder of ['bench', ...directories(join(ROOT, 'packages')).map((name) => `packages/${name}`)])
  checkCycles(folder)
if (findings.length > 0) {
  console.error(findings.join('\n'))
  console.error(`tidy: ${findings.length} finding${findings.length === 1 ? '' : 's'}`)
  process.exit(1)
}
console.log('tidy: nothing to mend')

function checkPackage(name) {
  const folder = join(ROOT, 'packages', name)
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  if (!existsSync(join(folder, 'README.md')))
    report(`packages/${name}`, 0, 'has no README.md: say what it is, what it is not, and where its files are')
  const used = { src: new Set(), test: new Set() }
  for (const part of ['src', 'test'])
    for (const path of sources(join(folder, part))) checkFile(name, part, path, used[part])
  checkManifest(name, manifest, used)
}

/** Prints the number of findings per package and rule, or all findings of one package. */
function reportLanguage(only) {
  for (const name of directories(join(ROOT, 'packages'))) {
    if (only !== undefined && name !== only) continue
    const found = sources(join(ROOT, 'packages', name, 'src')).flatMap((path) =>
      languageFindings(readFileSync(path, 'utf8')).map((finding) => ({ path: relative(ROOT, path), ...finding })),
    )
    if (only !== undefined) for (const { path, line, what } of found) console.log(`${path}:${line}: ${what}`)
    const count = (rule) => found.filter((finding) => finding.rule === rule).length
    console.log(`${name}: ${count('width')} too wide, ${count('opening')} openings, ${count('word')} words`)
  }
}

/** Type-only imports count, too. */
function checkCycles(folder) {
  const texts = new Map(sources(join(ROOT, folder, 'src')).map((path) => [path, readFileSync(path, 'utf8')]))
  for (const [first, ...others] of importCycles(texts)) {
    const names = [first, ...others, first].map((path) => relative(join(ROOT, folder, 'src'), path))
    report(
      relative(ROOT, first),
      0,
      `is part of an import cycle: ${names.join(' → ')}. Move what both need to a module of its own`,
    )
  }
}

function isPure(file) {
  return !file.includes(DRIVERS) && PURE_FOLDERS.some((folder) => file.startsWith(`${folder}/`))
}

function checkFile(name, part, path, used) {
  const file = relative(ROOT, path).replaceAll('\\', '/')
  const text = readFileSync(path, 'utf8')
  const lines = text.split('\n')
  const pure = isPure(file)
  if (part === 'src' && !LANGUAGE_LEFT.includes(name))
    for (const { line, what } of languageFindings(text)) report(file, line, what)
  if (lines.length > LINES_MAX) report(file, 0, `has ${lines.length} lines: split it by concept`)
  lines.forEach((line, i) => {
    if (/^\s*(\/\/|\*|\/\*)/.test(line)) return
    const [, specifier] = /(?:from |import\()'([^'.][^']*)'/.exec(line) ?? []
    if (specifier !== undefined) {
      used.add(packageOf(specifier))
      if (part === 'src') checkDirection(name, specifier, file, i + 1)
    }
    if (/^export \* /.test(line)) report(file, i + 1, "'export *' hides what a package offers: name the exports")
    if (pure && IMPURE_IMPORT.test(line))
      report(file, i + 1, 'pure code does no I/O: take inputs and `now`, return outputs, and let a driver do the rest')
    if (pure && line.includes(DRIVERS) && /from '\./.test(line))
      report(file, i + 1, 'pure code does not know its driver: let the driver import it')
    if (pure && IMPURE_CALL.test(line))
      report(file, i + 1, 'pure code has no clock, timer or chance: take `now` or a Random as a parameter')
    if (part === 'src' && ROLES.includes(name) && !SCHEMA_FILE.test(file) && isSchemaImport(lines, i))
      report(
        file,
        i + 1,
        'a role that loads schemas starts later: import only types from contracts, statuses and TypeBox',
      )
    if (part === 'test' && /\b(t|test)\.(only|todo)\(|\{ *(skip|todo): true/.test(line))
      report(file, i + 1, 'a test that does not run shows nothing: mend it or delete it')
  })
}

/** True if line `i` ends an import of values from a module with schemas. */
function isSchemaImport(lines, i) {
  if (!SCHEMA_IMPORT.test(lines[i])) return false
  if (!lines[i].startsWith('}')) return true
  const opening = lines.slice(0, i).findLast((line) => /^(?:import|export)\b/.test(line))
  return !/^(?:import|export) type\b/.test(opening)
}

function checkDirection(name, specifier, file, line) {
  const [, imported] = /^@fivetuple\/([^/]+)/.exec(specifier) ?? []
  const allowed = MAY_IMPORT[name]
  if (imported === undefined || allowed === undefined || allowed.includes(imported)) return
  if (imported === 'testkit')
    report(file, line, 'testkit is for tests: what the product needs belongs into a package of its own')
  else if (APPS.includes(imported) && APPS.includes(name))
    report(
      file,
      line,
      `apps meet on the wire, so ${name} must not import ${imported}: share through packet, runtime or edge`,
    )
  else
    report(
      file,
      line,
      `${name} may import ${allowed.join(', ') || 'nothing'}, not ${imported}: turn the dependency round`,
    )
}

/** Checks that imports are declared, and that declared packages are imported. */
function checkManifest(name, { dependencies = {}, devDependencies = {} }, used) {
  const file = `packages/${name}/package.json`
  const own = `@fivetuple/${name}`
  const root = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).devDependencies ?? {}
  for (const wanted of used.src)
    if (wanted !== undefined && !(wanted in dependencies))
      report(file, 0, `src imports ${wanted}: add it to dependencies`)
  for (const wanted of used.test)
    if (
      wanted !== undefined &&
      wanted !== own &&
      !(wanted in dependencies) &&
      !(wanted in devDependencies) &&
      !(wanted in root)
    )
      report(file, 0, `test imports ${wanted}: add it to devDependencies`)
  for (const declared of Object.keys(dependencies))
    if (!used.src.has(declared)) report(file, 0, `nothing in src imports ${declared}: remove it from dependencies`)
  for (const declared of Object.keys(devDependencies))
    if (!used.test.has(declared) && !used.src.has(declared) && !declared.startsWith('@types/'))
      report(file, 0, `nothing imports ${declared}: remove it from devDependencies`)
}

function packageOf(specifier) {
  if (specifier.startsWith('node:')) return undefined
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function directories(path) {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
}

function sources(path) {
  if (!existsSync(path)) return []
  return readdirSync(path, { recursive: true })
    .filter((entry) => entry.endsWith('.ts'))
    .map((entry) => join(path, entry))
}
