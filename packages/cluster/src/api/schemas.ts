import Type, { type TSchema } from 'typebox'

// Pieces of schemas that several routes use.

/** A name in a path: of an LB, a VIP, a backend. */
export const Name = Type.String({ minLength: 1, maxLength: 64, title: 'a name of at most 64 characters' })

export const strict = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })

export const Text = Type.String()
export const Count = Type.Integer({ minimum: 0 })
export const Ms = Type.Number({ description: 'milliseconds' })
export const Flag = Type.Boolean()
/** Counters by name: which there are is not part of the contract. */
export const Counters = Type.Unsafe<Record<string, number>>({
  type: 'object',
  additionalProperties: { type: 'integer', minimum: 0 },
})

/** A mapping with free keys. */
export const mapOf = <V extends TSchema>(values: V) =>
  Type.Unsafe<Record<string, V>>({ type: 'object', additionalProperties: values as object })

export const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])
