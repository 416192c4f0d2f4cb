import Type, { type Static, type TSchema } from 'typebox'

// Pieces of schemas for contracts and the control API. Imported by itself: processes that serve
// load no schemas.

/** An object without other properties than these. */
export const strict = <P extends Record<string, TSchema>>(properties: P) =>
  Type.Object(properties, { additionalProperties: false })

export const Text = Type.String()
export const Count = Type.Integer({ minimum: 0 })
export const Ms = Type.Number({ description: 'milliseconds' })
export const Flag = Type.Boolean()
/** The result of a method that returns nothing, and the parameters of one that takes none. */
export const Nothing = Type.Null()
export const NoParams = strict({})

/** Counters by name; the set of names is not part of a contract. */
export const Counters = Type.Unsafe<Record<string, number>>({
  type: 'object',
  additionalProperties: { type: 'integer', minimum: 0 },
})

/** A mapping with free keys. */
export const mapOf = <V extends TSchema>(values: V) =>
  Type.Unsafe<Record<string, Static<V>>>({ type: 'object', additionalProperties: values as object })

export const nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()])

/** One of the names of a registry: the keys of an object. */
export const keyOf = <K extends string>(registry: Readonly<Record<K, unknown>>) =>
  Type.Unsafe<K>({ type: 'string', enum: Object.keys(registry) })

/** One of a list of names. */
export const oneOf = <const K extends string>(names: readonly K[]) =>
  Type.Unsafe<K>({ type: 'string', enum: [...names] })

/** One counter for each name of a list. */
export const countsOf = <const K extends string>(names: readonly K[]) =>
  Type.Unsafe<Record<K, number>>({
    type: 'object',
    required: [...names],
    properties: Object.fromEntries(names.map((name) => [name, { type: 'integer', minimum: 0 }])),
  })

/** Counters whose names are in a list; those that are zero may be missing. */
export const countersOf = (names: readonly string[]) =>
  Type.Unsafe<Record<string, number>>({
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { type: 'integer', minimum: 0 }])),
    additionalProperties: false,
  })

/** Resources of a process, as `processResources` reads them. */
export const Resources = Type.Object({
  /** Resident set, bytes. */
  rssBytes: Count,
  /** Used part of V8's heap, bytes; it includes garbage that is not collected yet. */
  heapUsedBytes: Count,
  /** Timers that are armed and keep the process alive. */
  timers: Count,
  /** Handles of other kinds that keep it alive: sockets, listeners, pipes. */
  handles: Count,
})
