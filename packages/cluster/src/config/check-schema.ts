import type { ConfigPath, Report } from './config-error.js'
import { didYouMean } from './did-you-mean.js'
import { isExtension } from './extensions.js'
import type { SchemaNode } from './schema-node.js'

/**
 * Reports all parts of `value` that the schema does not allow.
 *
 * It accepts exactly what a JSON Schema validator accepts for the published schema. Unlike such a
 * validator, it names the remedy, selects the alternative that was meant, and costs no import when
 * a cluster starts.
 */
export function checkSchema(schema: SchemaNode, value: unknown, report: Report, path: ConfigPath = []): void {
  const node = meant(schema, value)
  if (node === undefined || !hasType(node, value)) {
    report(
      path,
      schema.writeOnly && value !== null ? SECRET : describe(value),
      value === null ? 'give it one or remove the key' : mustBe(schema),
    )
  } else if (Array.isArray(value)) checkItems(node, value, report, path)
  else if (typeof value === 'object') checkProperties(node, value as Record<string, unknown>, report, path)
  else if (!allows(node, value))
    report(path, node.writeOnly ? SECRET : describe(value), hint(schema, value) ?? mustBe(schema))
}

/** Stands for the value of a secret. */
const SECRET = 'is invalid (a secret, not shown)'

/** Returns the alternative for the type of a value. */
function meant(schema: SchemaNode, value: unknown): SchemaNode | undefined {
  if (schema.anyOf === undefined) return schema
  return schema.anyOf.find((alternative) => hasType(alternative, value))
}

function hasType({ type, enum: values }: SchemaNode, value: unknown): boolean {
  switch (type ?? (values && 'string')) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'array':
      return Array.isArray(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return Number.isFinite(value)
    default:
      return typeof value === 'string'
  }
}

function allows(node: SchemaNode, value: unknown): boolean {
  if (typeof value === 'number') return value >= (node.minimum ?? -Infinity) && value <= (node.maximum ?? Infinity)
  if (typeof value !== 'string') return true
  if (node.const !== undefined) return value === node.const
  if (node.enum !== undefined) return node.enum.includes(value)
  return node.pattern === undefined || new RegExp(node.pattern).test(value)
}

function checkItems(node: SchemaNode, items: readonly unknown[], report: Report, path: ConfigPath): void {
  const { minItems = 0, maxItems = Infinity } = node
  if (items.length < minItems || items.length > maxItems) {
    report(
      path,
      `has ${items.length} entries`,
      minItems === maxItems ? mustBe(node) : `${minItems} to ${maxItems} are allowed`,
    )
    return
  }
  const seen = new Set<unknown>()
  items.forEach((item, i) => {
    if (node.items !== undefined) checkSchema(node.items, item, report, [...path, i])
    if (node.uniqueItems && seen.has(item)) report([...path, i], `${describe(item)} once more`, 'name it once')
    seen.add(item)
  })
}

function checkProperties(node: SchemaNode, value: Record<string, unknown>, report: Report, path: ConfigPath): void {
  const { properties = {}, required = [], additionalProperties } = node
  const known = Object.keys(properties)
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(properties, key)) {
      checkSchema(properties[key]!, value[key], report, [...path, key])
      continue
    }
    if (typeof additionalProperties === 'object') {
      checkSchema(additionalProperties, value[key], report, [...path, key])
      continue
    }
    if (isExtension(node, key)) continue
    const near = didYouMean(key, known)
    report([...path, key], 'is no setting', near ? `did you mean '${near}'?` : `known here: ${known.join(', ')}`)
  }
  for (const key of required)
    if (!Object.hasOwn(value, key)) report([...path, key], 'is missing', mustBe(properties[key] ?? {}))
}

/** New names of values of settings, by the former name. */
const RENAMED_VALUES: Readonly<Record<string, string>> = { 'last-resort': 'panic' }

function hint({ enum: values }: SchemaNode, value: unknown): string | undefined {
  const renamed = typeof value === 'string' && Object.hasOwn(RENAMED_VALUES, value) ? RENAMED_VALUES[value] : undefined
  if (renamed !== undefined && values?.includes(renamed)) return `it is called '${renamed}' now`
  const near = values && typeof value === 'string' ? didYouMean(value, values) : undefined
  return near && `did you mean '${near}'? It must be one of ${values!.join(', ')}`
}

function mustBe({ title, type }: SchemaNode): string {
  return `it must be ${title ?? (type === 'string' ? 'a text' : `of type ${type}`)}`
}

/** Returns the user's value in short form. */
function describe(value: unknown): string {
  if (value === null) return 'has no value'
  if (Array.isArray(value)) return 'is a list'
  if (typeof value === 'object') return 'is a mapping'
  if (typeof value !== 'string') return `is ${String(value)}`
  return `is '${value.length > 60 ? `${value.slice(0, 60)}...` : value}'`
}
