import t from 'tap'
import {
  type AssertionOutcome,
  evaluate,
  formatValue,
  parseAssertion,
  type Unit,
} from '../../dist/scenario/assertion.js'

const UNITS: Readonly<Record<string, Unit>> = {
  failed: 'count',
  failedShare: 'share',
  'latency.p99': 'ms',
  broken: 'count',
  'predicted.broken': 'count',
}
const VALUES: Readonly<Record<string, number>> = {
  failed: 12,
  failedShare: 0.03,
  'latency.p99': 1_500,
  broken: 104,
  'predicted.broken': 100,
}

function outcome(text: string, values = VALUES): AssertionOutcome {
  const parsed = parseAssertion(text, (name) => UNITS[name], Object.keys(UNITS))
  if (!parsed.ok) throw new Error(`${parsed.problem}: ${parsed.remedy}`)
  return evaluate(
    parsed.assertion,
    (name) => values[name],
    (name) => UNITS[name],
  )
}

t.test('comparisons, units and tolerances', async (t) => {
  for (const [text, holds] of [
    ['failed < 13', true],
    ['failed<12', false],
    ['failed <= 12', true],
    ['failed == 12', true],
    ['failed != 12', false],
    ['100 > failed', true],
    ['failedShare <= 3%', true],
    ['failedShare < 2.5%', false],
    ['latency.p99 <= 1.5s', true],
    ['latency.p99 < 1500ms', false],
    ['latency.p99 < 1m', true],
    ['broken == predicted.broken ± 4', true],
    ['broken == predicted.broken +- 3', false],
    ['broken == predicted.broken', false],
  ] as const)
    t.equal(outcome(text).holds, holds, text)
})

t.test('a metric without a value holds nothing', async (t) => {
  t.same(outcome('failed >= 0', {}), { text: 'failed >= 0', holds: false, left: null, right: 0, unit: 'count' })
  t.equal(outcome('failed != 3', {}).holds, false)
})

t.test('what is no assertion is a problem with a remedy', async (t) => {
  for (const [text, problem] of [
    ['failed', /is no comparison/],
    ['failed = 3', /is no comparison/],
    ['failed < 3 4', /is no comparison/],
    ['faild < 3', /'faild', which is no metric: did you mean 'failed'/],
    ['toString < 3', /no metric/],
    ['failed < many', /'many', which is no metric/],
    ['failed < 3%', /compares a number with a share: .*failed < 100/],
    ['latency.p99 < 3', /compares a time with a number/],
    ['failed < 3 ± 1', /a tolerance belongs to '=='/],
    ['failed == 3 ± 1%', /has the tolerance '1%'/],
    ['failed < -3', /compares with '-3'/],
  ] as const) {
    const parsed = parseAssertion(
      text,
      (name) => (Object.hasOwn(UNITS, name) ? UNITS[name] : undefined),
      Object.keys(UNITS),
    )
    t.ok(!parsed.ok && problem.test(`${parsed.problem}: ${parsed.remedy}`), `${text}: ${JSON.stringify(parsed)}`)
  }
})

t.test('values in units that people read', async (t) => {
  t.equal(formatValue(0.123, 'share'), '12.3 %')
  t.equal(formatValue(1.234, 'ms'), '1.23 ms')
  t.equal(formatValue(12_345, 'ms'), '12.3 s')
  t.equal(formatValue(7, 'count'), '7')
  t.equal(formatValue(null, 'count'), 'no value')
})
