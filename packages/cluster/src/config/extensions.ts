import type { SchemaNode } from './schema-node.js'

/**
 * Pattern of keys that a user may add to any mapping of settings, as in Compose files: for anchors,
 * comments and tools. fivetuple ignores them. In a mapping of names (weights, overrides) such a key
 * is a name.
 */
export const EXTENSION_PATTERN = '^x-'

/** Returns a valid document without its extension fields. */
export function withoutExtensions(schema: SchemaNode, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema.anyOf?.find(({ type }) => type === 'array') ?? schema
    return items === undefined ? value : value.map((item) => withoutExtensions(items, item))
  }
  if (typeof value !== 'object' || value === null) return value
  const { properties = {}, additionalProperties } = schema
  const rest = typeof additionalProperties === 'object' ? additionalProperties : {}
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => Object.hasOwn(properties, key) || !isExtension(schema, key))
      .map(([key, part]) => [key, withoutExtensions(properties[key] ?? rest, part)]),
  )
}

/** True for a key that the schema leaves to the user. */
export function isExtension({ patternProperties = {} }: SchemaNode, key: string): boolean {
  return Object.keys(patternProperties).some((pattern) => new RegExp(pattern).test(key))
}
