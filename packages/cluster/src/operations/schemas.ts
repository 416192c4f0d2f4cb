import * as Type from 'typebox'

// Parts of schemas that several operations use. Types are imported by name, so a bundle has only
// the used ones.

/** Name of an LB, a VIP, a backend or a role. */
export const Name = Type.String({ minLength: 1, maxLength: 64, title: 'a name of at most 64 characters' })

export const strict = <P extends Record<string, Type.TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })

export const Text = Type.String()
export const Count = Type.Integer({ minimum: 0 })
export const Ms = Type.Number({ description: 'milliseconds' })
export const Flag = Type.Boolean()
/** Counters by name; the set of names is not part of the contract. */
export const Counters = Type.Unsafe<Record<string, number>>({
  type: 'object',
  additionalProperties: { type: 'integer', minimum: 0 },
})

/** Schema of a mapping with free keys. */
export const mapOf = <V extends Type.TSchema>(values: V) =>
  Type.Unsafe<Record<string, Type.Static<V>>>({ type: 'object', additionalProperties: values })

export const nullable = <S extends Type.TSchema>(schema: S) => Type.Union([schema, Type.Null()])
export const optional = <S extends Type.TSchema>(schema: S) => Type.Optional(schema)
export const list = <S extends Type.TSchema>(items: S) => Type.Array(items)

/** Role that did not respond, and the reason. */
export const Unreachable = strict({ name: Text, reason: Text })
export type Unreachable = Value<typeof Unreachable>

/** Schema that takes time to load. */
export interface LazySchema<S extends Type.TSchema = Type.TSchema> {
  readonly load: () => Promise<S>
}

/** Declares a schema that is loaded when it is needed. */
export const lazily = <S extends Type.TSchema>(load: () => Promise<S>): LazySchema<S> => ({ load })

/** Returns a schema, loaded if it is lazy. */
export async function loaded(schema: Type.TSchema | LazySchema): Promise<Type.TSchema> {
  return 'load' in schema && typeof schema.load === 'function' ? schema.load() : schema
}

/** A value of a schema. */
export type StaticOf<S extends Type.TSchema | LazySchema> =
  S extends LazySchema<infer L> ? Type.Static<L> : Type.Static<S>
/** Value of a schema, which its reader does not change. */
export type Value<S extends Type.TSchema | LazySchema> = DeepReadonly<StaticOf<S>>

export type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T
