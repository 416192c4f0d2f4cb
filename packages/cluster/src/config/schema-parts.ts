import Type, { type TSchema, type TSchemaOptions } from 'typebox'
import { DURATION_PATTERN } from './duration.js'
import { EXTENSION_PATTERN } from './extensions.js'
import { MAX_AS, MAX_NAME_LENGTH, MAX_NODES } from './limits.js'

// Parts of the schemas of files that people write: clusters and scenarios. A `title` completes the
// sentence "it must be ..." in error messages.

/** Pattern of a byte of an IPv4 address. */
export const OCTET = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
/** Pattern of an IPv4 address. */
export const ADDRESS = `${OCTET}(\\.${OCTET}){3}`

/** Mapping of settings. */
export const object = <P extends Record<string, TSchema>>(properties: P, options: TSchemaOptions = {}) =>
  Type.Object(properties, {
    title: 'a mapping',
    additionalProperties: false,
    patternProperties: { [EXTENSION_PATTERN]: {} },
    ...options,
  })
/** Text of a pattern. */
export const text = (title: string, pattern: string, description: string, options: TSchemaOptions = {}) =>
  Type.String({ title, pattern, description, ...options })
/** Whole number of a range. */
export const whole = (minimum: number, maximum: number, description: string, options: TSchemaOptions = {}) =>
  Type.Integer({ title: `a whole number from ${minimum} to ${maximum}`, minimum, maximum, description, ...options })
/** One of some words. */
export const oneOf = <V extends string[]>(values: readonly [...V], description: string, options: TSchemaOptions = {}) =>
  Type.Enum(values, { title: `one of ${values.join(', ')}`, description, ...options })

/** Name, as of a VIP. */
export const name = (description: string, options: TSchemaOptions = {}) =>
  text(
    `a name of letters, digits, '-' and '_', at most ${MAX_NAME_LENGTH} long`,
    `^[A-Za-z0-9][A-Za-z0-9_-]{0,${MAX_NAME_LENGTH - 1}}$`,
    description,
    options,
  )
/** IPv4 address. */
export const address = (description: string) => text('an IPv4 address such as 127.20.10.1', `^${ADDRESS}$`, description)
/** TCP or UDP port. */
export const port = (description: string, options: TSchemaOptions = {}) => whole(1, 65_535, description, options)
/** AS number. */
export const as = (description: string, options: TSchemaOptions = {}) => whole(1, MAX_AS, description, options)
/** IPv4 prefix, or an address. */
export const prefix = (description: string) =>
  text('a prefix such as 198.18.0.0/24', `^${ADDRESS}(/(3[0-2]|[12]?[0-9]))?$`, description)
/** Duration with a unit. @param value default */
export const duration = (description: string, value?: string | number) =>
  Type.Union([Type.Integer({ minimum: 0, maximum: 0 }), Type.String({ pattern: DURATION_PATTERN })], {
    title: 'a duration with a unit, such as 200ms, 5s or 15m',
    description,
    ...(value === undefined ? {} : { default: value }),
  })
/** 'all', or names. */
export const allOr = (what: string, description: string) =>
  Type.Union(
    [Type.Literal('all'), Type.Array(Type.String(), { minItems: 1, maxItems: MAX_NODES, uniqueItems: true })],
    {
      title: `'all' or a list of names of ${what}`,
      description,
      default: 'all',
    },
  )
