import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import {
  checkFault,
  FAULT_KINDS,
  type Fault,
  type FaultName,
  faultKind,
  parseShorthand,
  usesChance,
} from '@fivetuple/faults'
import fc from 'fast-check'
import t from 'tap'
import { run } from './run-fault.js'

/** One row per kind: a fault whose effect shows, and the same one in shorthand. */
const ROWS: { readonly [K in FaultName]: readonly [Extract<Fault, { kind: K }>, string] } = {
  'link-down': [{ kind: 'link-down' }, ''],
  flap: [{ kind: 'flap', upMs: 50, downMs: 20 }, '50ms,20ms'],
  'black-hole': [{ kind: 'black-hole' }, ''],
  loss: [{ kind: 'loss', rate: 0.2, correlation: 0.1 }, '20%,10%'],
  'gilbert-elliott': [{ kind: 'gilbert-elliott', p: 0.05, r: 0.3, lossInBad: 0.9 }, '5%,30%,90%'],
  duplicate: [{ kind: 'duplicate', rate: 0.2 }, '20%'],
  rate: [{ kind: 'rate', bitsPerSecond: 6_000_000, bufferPackets: 20 }, '6mbit,bufferPackets=20'],
  delay: [{ kind: 'delay', ms: 20, jitterMs: 5, distribution: 'pareto' }, '20ms±5ms,pareto'],
  reorder: [{ kind: 'reorder', rate: 0.25, byMs: 10, gap: 3 }, '25%,10ms,gap=3'],
}

t.test('the suite has a row per kind, and kinds have names of their own', async (t) => {
  t.strictSame(Object.keys(ROWS).sort(), FAULT_KINDS.map(({ kind }) => kind).sort())
  t.equal(new Set(FAULT_KINDS.map(({ kind }) => kind)).size, FAULT_KINDS.length)
})

for (const kind of FAULT_KINDS) {
  const [fault, shorthand] = ROWS[kind.kind]
  const digest = (faults: readonly Fault[], seed: number): string => JSON.stringify(run(faults, { seed }).deliveries)

  t.test(`${kind.kind}: is found by its name; summary, fields and shorthand are complete`, async (t) => {
    t.equal(faultKind(kind.kind), kind)
    t.not(kind.summary, '')
    for (const name of [...kind.shorthand, ...(kind.spread === undefined ? [] : [kind.spread])])
      t.ok(name in kind.fields, `${name} of the shorthand is a field`)
    for (const [name, field] of Object.entries(kind.fields)) {
      t.not(field.summary, '', name)
      if (field.type === 'choice') t.ok(field.values.includes(field.default), name)
      if (field.type === 'quantity') {
        t.ok(field.min < field.max, name)
        if (field.default !== undefined) t.ok(field.default >= field.min && field.default <= field.max, name)
      }
    }
  })

  t.test(`${kind.kind}: is its own JSON, and its shorthand is the same fault`, async (t) => {
    const json = JSON.parse(JSON.stringify(fault)) as unknown
    const checked = checkFault(json)
    assert.ok(checked.ok)
    t.match(checked.value, fault)
    t.strictSame(Object.keys(checked.value).sort(), ['kind', ...Object.keys(kind.fields)].sort(), 'every field is set')
    t.strictSame(checkFault(checked.value), checked, 'a checked fault stays as it is')
    t.strictSame(parseShorthand(kind.kind, shorthand), checked)
    t.equal(digest([fault], 1), digest([checked.value], 1), 'absent fields have their defaults')
  })

  t.test(`${kind.kind}: same seed, same run`, async (t) => {
    t.equal(digest([fault], 1), digest([fault], 1))
    t.equal(digest([fault], 1) !== digest([fault], 2), usesChance(fault), 'another seed, another run')
  })

  t.test(`${kind.kind}: nothing early, nothing invented, order kept unless it reorders`, async (t) => {
    const { sent, deliveries, chain } = run([fault])
    t.ok(deliveries.every((times, i) => times.every((at) => at >= sent[i]!)))
    const times = deliveries.flat()
    const drops = Object.values(chain.drops).reduce((sum, n) => sum + n)
    t.equal(times.length + drops, sent.length + chain.duplicates)
    t.equal(drops, chain.drops[kind.kind], 'counted under its own cause')
    if (kind.kind !== 'duplicate') t.equal(chain.duplicates, 0)
    const isOrdered = times.every((at, i) => i === 0 || at >= times[i - 1]!)
    t.equal(isOrdered, !chain.reorders('data'))
  })

  t.test(`${kind.kind}: README has a row for each field`, async (t) => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
    const rows = readme.split('\n').filter((line) => line.startsWith('|'))
    t.ok(rows.some((row) => row.includes(`\`${kind.kind}\``)))
    for (const name of Object.keys(kind.fields))
      t.ok(
        rows.some((row) => row.includes(`\`${name}\``)),
        name,
      )
  })

  t.test(`${kind.kind}: any JSON gives a fault that runs or a problem with a place`, async () => {
    const value = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom('1%', '20ms', '1mbit', '-1', true))
    const names = fc.constantFrom(...Object.keys(kind.fields), 'stranger', '__proto__', 'constructor')
    fc.assert(
      fc.property(fc.dictionary(names, value, { maxKeys: 6 }), (fields) => {
        const checked = checkFault({ ...fault, ...fields, kind: kind.kind }, 'links[0]')
        if (checked.ok) run([checked.value], { count: 20 })
        else assert.match(checked.problem.place, /^links\[0\]\./)
      }),
    )
  })
}
