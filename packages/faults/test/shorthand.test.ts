import assert from 'node:assert/strict'
import { checkFault, FAULT_KINDS, type Fault, type Field, formatShorthand, parseShorthand } from '@fivetuple/faults'
import fc from 'fast-check'
import t from 'tap'

/** Any value in the range of a field, its default often. */
function value(field: Field): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'choice':
      return fc.constantFrom(...field.values)
    case 'flag':
      return fc.boolean()
    case 'quantity': {
      const { min, max, unit, default: usual } = field
      const isWhole = unit === 'packets' || unit === 'bytes'
      const number = isWhole ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true })
      return usual === undefined ? number : fc.oneof(number, fc.constant(usual))
    }
  }
}

const fault: fc.Arbitrary<Fault> = fc
  .oneof(
    ...FAULT_KINDS.map(({ kind, fields }) =>
      fc.record({
        kind: fc.constant(kind),
        ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, value(field)])),
      }),
    ),
  )
  .map((json) => checkFault(json))
  .filter((checked) => checked.ok)
  .map((checked) => {
    assert.ok(checked.ok)
    return checked.value
  })

t.test('a fault in shorthand is parsed as the same fault', async () => {
  fc.assert(
    fc.property(fault, (fault) => {
      const text = formatShorthand(fault)
      assert.deepEqual(parseShorthand(fault.kind, text), { ok: true, value: fault }, `${fault.kind} ${text}`)
    }),
    { numRuns: 2_000 },
  )
})

t.test('the shorthand is what a person would write', async (t) => {
  const rows: readonly (readonly [Fault, string])[] = [
    [{ kind: 'delay', ms: 20, jitterMs: 5 }, '20ms±5ms'],
    [{ kind: 'delay', ms: 20, jitterMs: 5, distribution: 'pareto' }, '20ms±5ms,pareto'],
    [{ kind: 'delay', ms: 1_500, distribution: 'pareto', reorders: true }, '1500ms,distribution=pareto,reorders=true'],
    [{ kind: 'loss', rate: 0.01 }, '1%'],
    [{ kind: 'rate', bitsPerSecond: 100e6, bufferBytes: 64_000 }, '100mbit,bufferBytes=64000B'],
    [{ kind: 'gilbert-elliott', p: 0.01, r: 0.25 }, '1%,25%'],
    [{ kind: 'flap', upMs: 5_000, downMs: 1_000 }, '5000ms,1000ms'],
    [{ kind: 'black-hole' }, ''],
  ]
  for (const [fault, text] of rows) t.equal(formatShorthand(fault), text)
})
