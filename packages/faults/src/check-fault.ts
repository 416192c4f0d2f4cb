import type { ChoiceField, Field, FlagField, QuantityField } from './field.js'
import { exampleOf, formatQuantity, parseQuantity } from './quantity.js'
import { type AnyFaultKind, FAULT_KINDS, type Fault, faultKind, withDefaults } from './registry.js'

/** Reason why a value is no fault. */
export interface FaultProblem {
  /** Path of the value, such as `links[0].loss.rate`; empty for the value itself. */
  readonly place: string
  readonly message: string
  /** Change that makes it valid. */
  readonly remedy: string
}

/** A value, or the problem that prevents it. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: FaultProblem }

/** Returns a problem in one line: place, message, remedy. */
export function problemText({ place, message, remedy }: FaultProblem): string {
  return `${place === '' ? '' : `${place}: `}${message}: ${remedy}`
}

/**
 * Checks the JSON of a fault. Numbers are in the units of the fields; a text such as `20ms`, `1%`,
 * `100mbit` or `64kB` is accepted for a number, too. The result has numbers only, and every field.
 *
 * @param place path of the value, for the problem
 */
export function checkFault(json: unknown, place = ''): Checked<Fault> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return no(place, `${show(json)} is no fault`, 'use an object such as {"kind": "loss", "rate": 0.01}')
  const { kind: name, ...given } = json as Record<string, unknown>
  const kind = typeof name === 'string' ? faultKind(name) : undefined
  if (kind === undefined)
    return no(below(place, 'kind'), `${show(name)} is no kind of fault`, `use one of ${kindNames()}`)
  const stranger = Object.keys(given).find((field) => !Object.hasOwn(kind.fields, field))
  if (stranger !== undefined) return no(below(place, stranger), `${kind.kind} has no such field`, fieldsRemedy(kind))
  const fields: Record<string, unknown> = {}
  for (const [field, description] of Object.entries(kind.fields)) {
    const checked = checkField(given[field], description, below(place, field))
    if (!checked.ok) return checked
    fields[field] = checked.value
  }
  // Every field has been checked against its description, from which the type follows.
  const fault = withDefaults(kind, { kind: kind.kind, ...fields } as Fault)
  const conflict = kind.conflict?.(fault)
  if (conflict !== undefined) return no(below(place, conflict.field), conflict.message, conflict.remedy)
  return { ok: true, value: fault }
}

/** Returns the names of all kinds of faults, for messages. */
export function kindNames(): string {
  return FAULT_KINDS.map((kind) => kind.kind).join(', ')
}

/** Returns the remedy for an unknown field. */
export function fieldsRemedy(kind: AnyFaultKind): string {
  const names = Object.keys(kind.fields)
  return names.length === 0 ? 'use none' : `use ${names.join(', ')}`
}

function checkField(value: unknown, field: Field, place: string): Checked<unknown> {
  if (value === undefined && field.default !== undefined) return { ok: true, value: field.default }
  switch (field.type) {
    case 'quantity':
      return checkQuantity(value, field, place)
    case 'choice':
      return checkChoice(value, field, place)
    case 'flag':
      return checkFlag(value, field, place)
  }
}

function checkQuantity(value: unknown, field: QuantityField, place: string): Checked<number> {
  const { unit, min, max, isAboveMin = false } = field
  const isInteger = unit === 'packets' || unit === 'bytes'
  const from = `${isAboveMin ? 'above ' : ''}${formatQuantity(min, unit)}`
  const use = (example: string): string =>
    `use ${isInteger ? 'a whole number, ' : ''}${from} to ${formatQuantity(max, unit)}, such as ${example}`
  const remedy = use(exampleOf(unit))
  if (value === undefined) return no(place, `${field.summary} is missing`, remedy)
  const number = typeof value === 'string' ? parseQuantity(value, unit) : value
  if (typeof number !== 'number' || Number.isNaN(number)) {
    const isTcBps = unit === 'bit/s' && typeof value === 'string' && /bps$/i.test(value.trim())
    const reason = isTcBps ? 'is ambiguous (bytes in tc, bits elsewhere)' : `is no ${NOUN[unit]}`
    return no(place, `${show(value)} ${reason}`, remedy)
  }
  if (number < min || (isAboveMin && number === min)) return no(place, `${show(value)} is too small`, remedy)
  if (number > max) return no(place, `${show(value)} is too large`, remedy)
  if (isInteger && !Number.isInteger(number)) return no(place, `${show(value)} is not whole`, remedy)
  return { ok: true, value: number }
}

const NOUN = {
  ms: 'duration',
  share: 'share',
  'bit/s': 'bandwidth',
  bytes: 'size',
  packets: 'number of packets',
} as const

function checkChoice(value: unknown, field: ChoiceField, place: string): Checked<string> {
  const found = field.values.find((choice) => choice === value)
  if (found === undefined) return no(place, `${show(value)} is unknown`, `use one of ${field.values.join(', ')}`)
  return { ok: true, value: found }
}

function checkFlag(value: unknown, _field: FlagField, place: string): Checked<boolean> {
  if (value === true || value === 'true') return { ok: true, value: true }
  if (value === false || value === 'false') return { ok: true, value: false }
  return no(place, `${show(value)} is neither true nor false`, 'use true or false')
}

function below(place: string, name: string): string {
  return place === '' ? name : `${place}.${name}`
}

/** Longest excerpt of a value in a message. */
const SHOWN_MAX = 40

function show(value: unknown): string {
  const text = typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? typeof value)
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
}

function no(place: string, message: string, remedy: string): { readonly ok: false; readonly problem: FaultProblem } {
  return { ok: false, problem: { place, message, remedy } }
}
