import { FAULT_KINDS, type Fault, type Field, SCOPES } from '@fivetuple/faults'
import * as Type from 'typebox'

// Derived from the registry of faults: a new kind or field needs no change here.

const schemas = FAULT_KINDS.map(({ kind, summary, fields }) => {
  const entries = Object.entries(fields).map(([name, field]) => [name, schemaOf(field)] as const)
  return Type.Object(
    { kind: Type.Literal(kind), ...Object.fromEntries(entries) },
    { additionalProperties: false, description: summary },
  )
})

/** Fault of a link. Numbers are in the units of their fields; a text such as `20ms` is one, too. */
export const LinkFaultJson = Type.Unsafe<Fault>(Type.Union(schemas))

/** Fault as a request gives it: the launcher checks it, and names field and range. */
export const LinkFaultInput = Type.Unsafe<Fault>({
  type: 'object',
  required: ['kind'],
  properties: { kind: { type: 'string', enum: FAULT_KINDS.map(({ kind }) => kind) } },
  description: `Kind and fields: ${FAULT_KINDS.map(({ kind, fields }) => `${kind} (${Object.keys(fields).join(', ') || 'no fields'})`).join('; ')}`,
})

export const LinkScope = Type.Enum([...SCOPES], { title: `one of ${SCOPES.join(', ')}` })

function schemaOf(field: Field): Type.TSchema {
  switch (field.type) {
    case 'quantity': {
      const { min, max, unit, summary } = field
      const options = { description: `${summary}, ${unit}, ${min} to ${max}` }
      return optionalIf(field.default !== undefined, Type.Number(options))
    }
    case 'choice':
      return Type.Optional(Type.Enum([...field.values], { description: field.summary }))
    case 'flag':
      return Type.Optional(Type.Boolean({ description: field.summary }))
  }
}

function optionalIf(isOptional: boolean, schema: Type.TSchema): Type.TSchema {
  return isOptional ? Type.Optional(schema) : schema
}
