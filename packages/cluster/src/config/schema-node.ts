/** Subset of JSON Schema that the schema of the configuration uses. */
export interface SchemaNode {
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  /** Completes "it must be ...". */
  readonly title?: string
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  /** Schema of keys that are not in `properties`; false or missing: there are none. */
  readonly additionalProperties?: SchemaNode | boolean
  /** Patterns of keys that may have any value. */
  readonly patternProperties?: Readonly<Record<string, unknown>>
  readonly items?: SchemaNode
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly enum?: readonly string[]
  readonly const?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  /** True for a secret, which no report shows. */
  readonly writeOnly?: boolean
  readonly anyOf?: readonly SchemaNode[]
}
