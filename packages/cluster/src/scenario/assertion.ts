import { didYouMean } from '../config/did-you-mean.js'

/** Unit of a value; values are compared in the base unit: ms, shares from 0 to 1, or plain. */
export type Unit = 'ms' | 'share' | 'count'

const UNITS: Readonly<Record<string, { readonly unit: Unit; readonly factor: number }>> = {
  ms: { unit: 'ms', factor: 1 },
  s: { unit: 'ms', factor: 1_000 },
  m: { unit: 'ms', factor: 60_000 },
  '%': { unit: 'share', factor: 0.01 },
}

/** Comparisons by their sign. */
const COMPARISONS = {
  '<=': (a: number, b: number) => a <= b,
  '>=': (a: number, b: number) => a >= b,
  '==': (a: number, b: number) => a === b,
  '!=': (a: number, b: number) => a !== b,
  '<': (a: number, b: number) => a < b,
  '>': (a: number, b: number) => a > b,
} as const
type Comparison = keyof typeof COMPARISONS

/** Value in an assertion: a number in its base unit, or the name of a metric. */
export type Operand =
  | { readonly kind: 'number'; readonly value: number; readonly unit: Unit; readonly text: string }
  | { readonly kind: 'metric'; readonly name: string }

/** Condition on the outcome of a scenario. */
export interface Assertion {
  /** As its user wrote it. */
  readonly text: string
  readonly left: Operand
  readonly comparison: Comparison
  readonly right: Operand
  /** For `==`: largest difference, in the unit of the left side; 0: none. */
  readonly tolerance: number
}

export type AssertionResult =
  | { readonly ok: true; readonly assertion: Assertion }
  | { readonly ok: false; readonly problem: string; readonly remedy: string }

/** Outcome of an assertion. */
export interface AssertionOutcome {
  readonly text: string
  readonly holds: boolean
  /** Values that were compared; null: there is none, so the assertion does not hold. */
  readonly left: number | null
  readonly right: number | null
  readonly unit: Unit
}

const NUMBER = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|%)?$/
const METRIC = /^[a-z][A-Za-z0-9_.-]*$/
const FORM = "it must be like 'failed < 100', 'latency.p99 <= 50ms' or 'broken == predicted.broken ± 2%'"

/**
 * Parses an assertion: a value, a comparison and a value. A value is a metric or a number with the
 * unit ms, s, m or %. `== value ± tolerance` allows a difference.
 *
 * @param unitOf returns the unit of a metric, or undefined if there is no such metric
 * @param metrics names for suggestions
 */
export function parseAssertion(
  text: string,
  unitOf: (metric: string) => Unit | undefined,
  metrics: readonly string[],
): AssertionResult {
  const match = /^\s*(\S+)\s*(<=|>=|==|!=|<|>)\s*(\S+)(?:\s*(?:±|\+-|\+\/-)\s*(\S+))?\s*$/.exec(spaced(text))
  if (match === null) return problem('is no comparison', FORM)
  const [, leftText = '', comparison = '', rightText = '', toleranceText] = match
  const left = operand(leftText)
  const right = operand(rightText)
  if (left === undefined) return problem(`compares '${leftText}'`, FORM)
  if (right === undefined) return problem(`compares with '${rightText}'`, FORM)
  for (const side of [left, right])
    if (side.kind === 'metric' && unitOf(side.name) === undefined) return unknownMetric(side.name, metrics)
  const [leftUnit, rightUnit] = [left, right].map((side) => (side.kind === 'metric' ? unitOf(side.name)! : side.unit))
  if (leftUnit !== rightUnit)
    return problem(
      `compares ${unitText(leftUnit!)} with ${unitText(rightUnit!)}`,
      `give both the same unit, as in '${leftText} ${comparison} ${example(leftUnit!)}'`,
    )
  const tolerance = toleranceText === undefined ? 0 : toleranceOf(toleranceText, leftUnit!)
  if (tolerance === undefined)
    return problem(`has the tolerance '${toleranceText}'`, `it must be like ${example(leftUnit!)}`)
  if (toleranceText !== undefined && comparison !== '==')
    return problem(`has a tolerance for '${comparison}'`, "a tolerance belongs to '=='")
  return { ok: true, assertion: { text, left, comparison: comparison as Comparison, right, tolerance } }
}

/**
 * Evaluates an assertion.
 *
 * @param metricValue value of a metric in its base unit; undefined: there is none
 */
export function evaluate(
  { text, left, comparison, right, tolerance }: Assertion,
  metricValue: (metric: string) => number | undefined,
  unitOf: (metric: string) => Unit | undefined,
): AssertionOutcome {
  const [a, b] = [left, right].map((side) => (side.kind === 'metric' ? metricValue(side.name) : side.value))
  const unit = left.kind === 'metric' ? unitOf(left.name)! : left.unit
  const isWithin = a !== undefined && b !== undefined && Math.abs(a - b) <= tolerance
  const holds =
    a !== undefined && b !== undefined && (COMPARISONS[comparison](a, b) || (comparison === '==' && isWithin))
  return { text, holds, left: a ?? null, right: b ?? null, unit }
}

/** Formats a value in the unit that people read. */
export function formatValue(value: number | null, unit: Unit): string {
  if (value === null) return 'no value'
  if (unit === 'share') return `${round(value * 100)} %`
  if (unit === 'ms') return value >= 10_000 ? `${round(value / 1000)} s` : `${round(value)} ms`
  return String(round(value))
}

function round(value: number): number {
  return Number(value.toFixed(Math.abs(value) < 10 ? 2 : 1))
}

/** Puts spaces around a comparison, so that `failed<100` is three words. */
function spaced(text: string): string {
  return text.replace(/(<=|>=|==|!=|<|>)/, ' $1 ')
}

function operand(text: string): Operand | undefined {
  const [, digits, unit] = NUMBER.exec(text) ?? []
  if (digits !== undefined) {
    const { unit: base, factor } = unit === undefined ? { unit: 'count' as const, factor: 1 } : UNITS[unit]!
    return { kind: 'number', value: Number(digits) * factor, unit: base, text }
  }
  return METRIC.test(text) ? { kind: 'metric', name: text } : undefined
}

function toleranceOf(text: string, unit: Unit): number | undefined {
  const value = operand(text)
  return value?.kind === 'number' && value.unit === unit ? value.value : undefined
}

function unknownMetric(name: string, metrics: readonly string[]): AssertionResult {
  const near = didYouMean(name, metrics)
  return problem(
    `names '${name}', which is no metric`,
    near === undefined ? `known: ${metrics.join(', ')}` : `did you mean '${near}'?`,
  )
}

function unitText(unit: Unit): string {
  return { ms: 'a time', share: 'a share', count: 'a number' }[unit]
}

function example(unit: Unit): string {
  return { ms: '50ms', share: '2%', count: '100' }[unit]
}

function problem(text: string, remedy: string): AssertionResult {
  return { ok: false, problem: text, remedy }
}
