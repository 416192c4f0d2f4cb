import { type Checked, checkFault, fieldsRemedy, kindNames } from './check-fault.js'
import type { Field } from './field.js'
import { exactQuantity } from './quantity.js'
import { type AnyFaultKind, type Fault, faultKind, withDefaults } from './registry.js'

/**
 * Parses the shorthand of a fault, as on the command line: values in the order of the kind's
 * `shorthand`, then `field=value` for others, separated by commas. `20ms±5ms` (or `20ms+-5ms`) is
 * `20ms,jitterMs=5ms` where the kind has a spread. Units as in `checkFault`.
 *
 * @example
 * parseShorthand('delay', '20ms±5ms,distribution=pareto')
 * parseShorthand('loss', '1%')
 * parseShorthand('rate', '100mbit,bufferBytes=64kB')
 *
 * @param name kind of the fault
 * @param place where the text stands, for the problem, such as `--delay`
 */
export function parseShorthand(name: string, text: string, place: string = name): Checked<Fault> {
  const kind = faultKind(name)
  const no = (message: string, remedy: string) => ({ ok: false, problem: { place, message, remedy } }) as const
  if (kind === undefined) return no(`'${name}' is no kind of fault`, `use one of ${kindNames()}`)
  const given = new Map<string, string>()
  const positions = [...kind.shorthand]
  for (const part of text.trim() === '' ? [] : text.split(',')) {
    const [, named, value = part] = /^\s*([^=]+?)\s*=(.*)$/.exec(part) ?? []
    const [main = '', spread, ...more] = value.split(/±|\+-/)
    if (more.length > 0 || (spread !== undefined && (kind.spread === undefined || named !== undefined)))
      return no(`'${part}' has a ± that ${name} does not take there`, 'write each field by itself')
    const field = named ?? positions.shift()
    if (field === undefined) return no(`'${part}' is one value too many`, fieldsRemedy(kind))
    if (given.has(field)) return no(`${field} is given twice`, 'write it once')
    given.set(field, main.trim())
    if (spread === undefined || kind.spread === undefined) continue
    given.set(kind.spread, spread.trim())
    positions.splice(0, positions.length, ...positions.filter((position) => position !== kind.spread))
  }
  // A field named `kind` is no field of any fault: it must not replace the kind.
  if (given.has('kind')) return no(`${name} has no field 'kind'`, fieldsRemedy(kind))
  return checkFault({ ...Object.fromEntries(given), kind: name }, place)
}

/**
 * Returns the shorthand of a fault, which {@link parseShorthand} reads as the same fault. Fields
 * that have their default are left out. Empty if the kind has no fields.
 *
 * @example formatShorthand({ kind: 'delay', ms: 20, jitterMs: 5 }) // '20ms±5ms'
 */
export function formatShorthand(fault: Fault): string {
  const kind = faultKind(fault.kind)
  if (kind === undefined) return ''
  const values = new Map<string, unknown>(Object.entries(withDefaults(kind, fault)))
  const given = Object.keys(kind.fields).filter((name) => values.get(name) !== kind.fields[name]?.default)
  const text = (name: string): string => formatField(values.get(name), kind.fields[name])
  const parts: string[] = []
  const spread = given.includes(kind.spread ?? '') ? kind.spread : undefined
  let isPositional = true
  for (const name of fieldOrder(kind)) {
    if (name === spread) continue
    if (!given.includes(name)) {
      // The values behind it would be taken for it.
      isPositional = false
      continue
    }
    const value = isPositional && kind.shorthand.includes(name) ? text(name) : `${name}=${text(name)}`
    parts.push(parts.length === 0 && spread !== undefined ? `${value}±${text(spread)}` : value)
  }
  return parts.join(',')
}

/** Fields of the shorthand, then all others. */
function fieldOrder({ fields, shorthand }: AnyFaultKind): readonly string[] {
  return [...shorthand, ...Object.keys(fields).filter((name) => !shorthand.includes(name))]
}

function formatField(value: unknown, field: Field | undefined): string {
  return field?.type === 'quantity' && typeof value === 'number' ? exactQuantity(value, field.unit) : String(value)
}
