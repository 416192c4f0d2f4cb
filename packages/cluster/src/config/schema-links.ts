import { type AnyFaultKind, FAULT_KINDS, type Field, SCOPES } from '@fivetuple/faults'
import Type, { type TSchema } from 'typebox'
import { MAX_LINK_FAULTS } from './limits.js'
import { object, oneOf, text, whole } from './schema-parts.js'

// Derived from the registry of faults: a new kind or field needs no change here.

const kinds = Object.fromEntries(FAULT_KINDS.map((kind) => [kind.kind, Type.Optional(faultSchema(kind))]))

const link = object(
  {
    lb: text("the name of an LB such as lb-2, or 'all'", '^(lb-[0-9]+|all)$', 'The LB whose link has the faults.'),
    side: oneOf(['uplink', 'downlink', 'both'], 'The switch at the other end.'),
    direction: Type.Optional(
      oneOf(['in', 'out', 'both'], 'in: towards the LB; out: from the LB.', { default: 'both' }),
    ),
    scope: Type.Optional(
      oneOf([...SCOPES], 'Traffic that the faults reach; control: BGP and BFD.', { default: 'all' }),
    ),
    seed: Type.Optional(whole(0, 4_294_967_295, 'Seed of their chances; default: random.')),
    ...kinds,
  },
  { title: 'a mapping with lb, side and faults', description: 'Faults of a link.' },
)

/** Faults of links at the start. */
export const links = Type.Array(link, {
  title: 'a list of faults of links',
  description: 'Faults of links, which are injected when the cluster is ready; default: none.',
  maxItems: MAX_LINK_FAULTS,
})

function faultSchema({ kind, summary, fields, shorthand }: AnyFaultKind): TSchema {
  const entries = Object.entries(fields)
  if (entries.length === 0) return Type.Boolean({ title: 'true', description: `${summary}.` })
  const mapping = object(Object.fromEntries(entries.map(([name, field]) => [name, Type.Optional(fieldSchema(field))])))
  return Type.Union([Type.String(), Type.Number(), mapping], {
    title: `a text of ${shorthand.join(', ')}, as with 'link impair --${kind}', or a mapping of these`,
    description: `${summary}.`,
  })
}

function fieldSchema({ summary, ...field }: Field): TSchema {
  const description = `${summary}.`
  switch (field.type) {
    case 'quantity':
      return Type.Union([Type.Number(), Type.String()], { title: 'a number, or a text with a unit', description })
    case 'choice':
      return oneOf([...field.values], description, { default: field.default })
    case 'flag':
      return Type.Boolean({ title: 'true or false', description, default: field.default })
  }
}
