import type { PlaceSchema } from '../operations/operation.js'

/**
 * Decodes a query into the types of its schema: numbers, booleans, and lists that are separated by
 * commas. Text that is no such value stays as it is, so that validation reports it.
 */
export function decodeQuery(query: unknown, { properties }: PlaceSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(Object.assign({}, query)).map(([name, value]) => [name, decode(value, properties[name])]),
  )
}

function decode(value: unknown, schema: object | undefined): unknown {
  if (typeof value !== 'string' || schema === undefined || !('type' in schema)) return value
  if (schema.type === 'array') return value.split(',')
  if (schema.type === 'boolean') return value === 'true' ? true : value === 'false' ? false : value
  const isNumber = schema.type === 'integer' || schema.type === 'number'
  return isNumber && /^-?\d{1,15}(\.\d+)?$/.test(value) ? Number(value) : value
}
