import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { formatConfigError } from '../../dist/config/config-error.js'
import { OPERATIONS } from '../../dist/operations/registry.js'
import { commandWords } from '../../dist/scenario/command-words.js'
import { parseEventCommand } from '../../dist/scenario/event-command.js'
import { loadScenario } from '../../dist/scenario/load-scenario.js'
import type { Scenario } from '../../dist/scenario/scenario.js'
import { parseSetting } from '../../dist/scenario/settings.js'

const settings = (...texts: string[]) => texts.map((text) => parseSetting(text)!)

async function scenario(text: string, ...set: string[]): Promise<Scenario> {
  const result = await loadScenario(text, 'a.yaml', settings(...set))
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'))
  return result.scenario
}

async function errors(text: string, ...set: string[]): Promise<string[]> {
  const result = await loadScenario(text, 'a.yaml', settings(...set))
  return result.ok ? [] : result.errors.map(formatConfigError)
}

t.test('everything has a default', async (t) => {
  const { name, seed, cluster, loads, durationMs, events, assertions } = await scenario('')
  t.match(
    { name, seed, durationMs, events, assertions },
    { name: 'a', seed: 1, durationMs: 10_000, events: [], assertions: [] },
  )
  t.equal(cluster.block, 'auto')
  t.same(loads, [{ name: 'web', vip: 'web', ratePerSecond: 100, connections: 50, timeoutMs: 2_000, path: '/' }])
})

t.test('five mistakes are five errors, each with its place', async (t) => {
  const text = `seed: -1
cluster:
  lbs: 0
load:
  - vip: nope
events:
  - at: 2s
    do: kil lb-2
assert:
  - faild < 3
`
  t.same(await errors(text), [
    'a.yaml:1:1: seed is -1: it must be a whole number from 0 to 4294967295',
    'a.yaml:3:3: cluster.lbs is 0: it must be a whole number from 1 to 250',
  ])
  const rest = await errors(text.replace('-1', '1').replace('lbs: 0', 'lbs: 2'))
  t.match(rest, [
    /^a\.yaml:5:5: load\[0\]\.vip 'nope' is no TCP VIP: there is web, api$/,
    /^a\.yaml:8:5: events\[0\]\.do 'kil lb-2' is no command: unknown command 'kil'/,
    /^a\.yaml:10:5: assert\[0\] 'faild < 3' names 'faild', which is no metric: did you mean 'failed'\?$/,
  ])
})

t.test('events have one kind of time each, in order, while the load lasts', async (t) => {
  const events = (...lines: string[]) =>
    errors(`duration: 5s\nevents:\n${lines.map((line) => `  - ${line}`).join('\n')}\n`)
  t.match(await events('{ do: kill lb-1 }'), [/events\[0\] has no time: give it at, when or after/])
  t.match(await events('{ at: 1s, after: 1s, do: kill lb-1 }'), [/`when` or `after` beside it/])
  t.match(await events('{ at: 2s, do: kill lb-1 }', '{ at: 1s, do: start lb-1 }'), [/before the event above it/])
  t.match(await events('{ at: 6s, do: kill lb-1 }'), [/after the end of the load/])
  t.match(await events('{ at: 1s, do: status }'), [/changes nothing/])
  t.match(await events('{ at: 1s, do: lb }'), [/is no command|is not a whole command/])
  t.match(await events("{ at: 1s, do: kill 'lb-1 }"), [/quote/])
  t.match(await events('{ when: later, do: kill lb-1 }'), [/it must be 'converged'/])
  const { events: valid } = await scenario(
    'events: [{ at: 1s, do: kill lb-1 --keep-stopped }, { when: converged, after: 500ms, do: start lb-1 }]',
  )
  t.match(valid, [
    {
      operation: { name: 'role.kill' },
      parameters: { role: 'lb-1', keepStopped: true },
      atMs: 1_000,
      whenConverged: false,
    },
    { operation: { name: 'role.start' }, atMs: undefined, whenConverged: true, afterMs: 500 },
  ])
})

t.test('settings of the command line override the file and are named in errors', async (t) => {
  const { cluster, loads, durationMs } = await scenario(
    'load: [{ rate: 5 }]',
    'lbs=8',
    'ecmp.selection=maglev',
    'load[0].rate=7',
    'duration=3s',
  )
  t.equal(cluster.lbs, 8)
  t.equal(cluster.ecmp.selection, 'maglev')
  t.equal(loads[0]?.ratePerSecond, 7)
  t.equal(durationMs, 3_000)
  t.match(await errors('', 'ecmp.selection=magic'), [
    /^--set ecmp\.selection=magic: cluster\.ecmp\.selection is 'magic': it must be one of/,
  ])
  t.match(await errors('', 'load[3].rate=7'), [/^--set load\[3\]\.rate=7: goes into a value that has no parts/])
  for (const text of ['', 'a', '=3', 'a b=3', '__proto__.x=1', 'a.constructor=1', 'a={'])
    t.equal(parseSetting(text), undefined, text)
})

t.test('a rate that makes too many requests, loads of one name', async (t) => {
  t.match(await errors('duration: 1h\nload: [{ rate: 1000 }]'), [/load\[0\]\.rate makes 3600000 requests/])
  t.match(await errors('load: [{ name: a }, { name: a }]'), [/'a' is there twice/])
  const { loads } = await scenario('load: [{}, {}]')
  t.same(
    loads.map(({ name }) => name),
    ['web', 'web-2'],
  )
})

t.test('a cluster file that is missing', async (t) => {
  t.match(await errors('cluster: missing.yaml'), [
    /^a\.yaml:1:1: cluster is 'missing\.yaml', which can't be read: .*: name a cluster file$/,
  ])
})

t.test('every operation that changes a cluster can be an event, as its examples show', async (t) => {
  for (const row of OPERATIONS)
    for (const { examples } of row.commands)
      for (const example of examples) {
        const parsed = await parseEventCommand(example, OPERATIONS)
        if (row.method === 'GET') t.ok(!parsed.ok, example)
        else t.match(parsed, { ok: true, operation: { name: row.name } }, example)
      }
})

t.test('words of commands', async (t) => {
  t.same(commandWords(`kill  'lb 2' "it's" a'b'`), { ok: true, words: ['kill', 'lb 2', "it's", 'ab'] })
  t.same(commandWords("''"), { ok: true, words: [''] })
  t.match(commandWords('  '), { ok: false })
})

const EXAMPLES = 'examples/scenarios'

t.test(
  'the examples are valid, and a validator that reads the published schema agrees, also on mistakes',
  async (t) => {
    const schema = JSON.parse(readFileSync('packages/cluster/schema/scenario.schema.json', 'utf8'))
    const validate = new Ajv({ strict: false }).compile(schema)
    const listed = readFileSync('docs/scenarios.md', 'utf8')
    for (const file of readdirSync(EXAMPLES)) {
      const text = readFileSync(join(EXAMPLES, file), 'utf8')
      t.ok(validate(parse(text)), `${file}: ${JSON.stringify(validate.errors)}`)
      t.match(await loadScenario(text, file), { ok: true }, file)
      t.match(listed, `(../examples/scenarios/${file})`, 'it is documented')
    }
    for (const text of ['seed: -1', 'events: [{ do: 1 }]', 'load: []', 'cluster: { lbs: 0 }', 'other: 1'])
      t.notOk(validate(parse(text)), text)
  },
)

t.test('no text throws', async () => {
  const part = fc.constantFrom(
    'cluster:',
    ' lbs: 3',
    'load:',
    ' - vip: web',
    'events:',
    ' - at: 1s',
    '   do: kill lb-1',
    'assert:',
    ' - failed < 3',
    '\n',
    '&a',
    '*a',
    '{',
    'x',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.array(part).map((parts) => parts.join('\n')),
      ),
      async (text) => {
        const result = await loadScenario(text, 'a.yaml')
        return result.ok || result.errors.length > 0
      },
    ),
    { numRuns: 60 },
  )
})
