import { type AnyFaultKind, checkFault, FAULT_KINDS, type Fault, parseShorthand, problemText } from '@fivetuple/faults'
import * as Type from 'typebox'
import { ApiError } from '../api/problem.js'
import { conflictOf } from '../config/link-request.js'
import type { Author } from '../launcher/faults/author.js'
import { injectablesOf, sidesOf } from '../launcher/faults/link-request.js'
import { type Option, UsageError } from './command.js'
import type { FaultsControl } from './control.js'
import { FaultReport } from './fault-report-schema.js'
import { ClearedFaults } from './fault-schemas.js'
import { forOption, lasting } from './lasting.js'
import { LinkFaultInput, LinkScope } from './link-fault-schemas.js'
import { LinkSides, linkArguments, linksDown, RECOVERY_TIMEOUT_MS } from './link-parameters.js'
import { operation } from './operation.js'
import { Name, optional, strict } from './schemas.js'

const SEED_MAX = 4_294_967_295
/** Most faults of one request. */
const FAULTS_MAX = 32

const Impair = strict({
  lb: Name,
  side: LinkSides,
  faults: Type.Array(LinkFaultInput, { minItems: 1, maxItems: FAULTS_MAX, title: `1 to ${FAULTS_MAX} faults` }),
  /** `in`: towards the LB; `out`: from it. Default: both. */
  directions: optional(Type.Array(Type.Enum(['in', 'out']), { minItems: 1, maxItems: 2 })),
  /** Traffic that the faults reach: `data`, `control` (BGP and BFD), or `all`, the default. */
  scope: optional(LinkScope),
  /** Seed of their chances, 32 bits; default: a random one, which the report names. */
  seed: optional(Type.Integer({ minimum: 0, maximum: SEED_MAX, title: `a whole number from 0 to ${SEED_MAX}` })),
  ...lasting,
})
type Impair = Type.Static<typeof Impair>

/** One option for each kind of fault, with its fields in shorthand. */
const faultOptions = FAULT_KINDS.map(({ kind, summary, fields, shorthand }): Option<Impair> => {
  const value = shorthandText(shorthand, fields)
  return {
    flags: value === '' ? `--${kind}` : `--${kind} <${value}>`,
    sets: 'faults',
    description: summary,
    parse: (text, before) => [...(Array.isArray(before) ? before : []), shorthandOf(kind, text)],
  }
})

/** Returns the fields of a shorthand, those with a default in brackets, as in `ms[,jitterMs]`. */
function shorthandText(names: readonly string[], fields: AnyFaultKind['fields']): string {
  return names.reduceRight((rest, name, i) => {
    const text = `${i === 0 ? '' : ','}${name}${rest}`
    return fields[name]?.default === undefined ? text : `[${text}]`
  }, '')
}

const directionOption = (direction: 'in' | 'out', description: string): Option<Impair> => ({
  flags: `--${direction}`,
  sets: 'directions',
  description,
  parse: () => [direction],
})

/** Operations on the faults of links. */
export const linkFaultOperations = [
  operation({
    name: 'link.impair',
    summary: 'Injects faults into a link of an LB, in one or both directions. Faults of a link compose.',
    method: 'POST',
    path: '/v1/lbs/:lb/links/:side/faults',
    parameters: Impair,
    result: FaultReport,
    commands: [
      {
        words: 'link impair',
        group: 'Faults:',
        description: 'inject faults into a link of an LB: delay, loss, rate, a black hole and others',
        arguments: linkArguments,
        needsOption: true,
        options: [
          directionOption('in', 'only towards the LB'),
          directionOption('out', 'only from the LB'),
          ...faultOptions,
          {
            flags: '--scope <traffic>',
            sets: 'scope',
            description: 'traffic that they reach',
            choices: [...LinkScope.enum],
          },
          {
            flags: '--seed <number>',
            sets: 'seed',
            description: 'seed of their chances; default: random',
            parse: (text) => seedOf(text),
          },
          { ...forOption, description: 'clear them after this time' },
        ],
        examples: [
          'link impair lb-2 uplink --in --delay 20ms±5ms --loss 1%',
          'link impair lb-2 uplink --black-hole --scope control --for 30s',
          'link impair lb-2 downlink --rate 10mbit,bufferBytes=64kB',
          'link impair lb-2 uplink --flap 5s,1s',
        ],
        output: () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput),
      },
    ],
    run: (control, { lb, side, faults, directions, scope, seed, forMs }) => {
      const request = {
        lb,
        side,
        directions,
        scope,
        faults: faults.map((fault, i) => checkedFault(fault, `faults[${i}]`)),
      }
      const conflict = conflictOf(request)
      if (conflict !== undefined) throw new ApiError(400, conflict)
      return control.faults.inject(injectablesOf(request), { author: control.author, forMs, seed })
    },
  }),
  operation({
    name: 'link.restore',
    summary: 'Clears all faults of links of an LB; responds when its routes are back.',
    method: 'DELETE',
    path: '/v1/lbs/:lb/links/:side/faults',
    parameters: strict({ lb: Name, side: LinkSides }),
    result: ClearedFaults,
    timeoutMs: RECOVERY_TIMEOUT_MS,
    commands: [
      {
        words: 'link restore',
        group: 'Faults:',
        description: 'clear all faults of links of an LB; done when its routes are back',
        arguments: linkArguments,
        examples: ['link restore lb-2', 'link restore lb-2 uplink'],
        output: () => import('../cli/fault-report.js').then(({ clearedOutput }) => clearedOutput),
      },
    ],
    run: (control, { lb, side }) => restore(control.faults, lb, side, control.author),
  }),
] as const

type Side = Type.Static<typeof LinkSides>
async function restore(
  faults: FaultsControl,
  lb: string,
  side: Side,
  by: Author,
): Promise<Type.Static<typeof ClearedFaults>> {
  const sides: readonly string[] = sidesOf(side)
  const { faults: injected } = await faults.list()
  const own = injected.filter((fault) => fault.role === lb && 'side' in fault && sides.includes(fault.side))
  // An unknown LB is an error although there is nothing to clear.
  if (own.length === 0) await faults.clear(linksDown(lb, side), by)
  const results = []
  for (const { id } of own) results.push(await faults.clearOne(id, by))
  return {
    cleared: results.flatMap(({ cleared }) => cleared),
    failed: results.flatMap(({ failed }) => failed),
    warnings: results.at(-1)?.warnings ?? [],
  } as Type.Static<typeof ClearedFaults>
}

function checkedFault(fault: unknown, place: string): Fault {
  const checked = checkFault(fault, place)
  if (!checked.ok) throw new ApiError(400, problemText(checked.problem))
  return checked.value
}

function shorthandOf(kind: string, text: string): Fault {
  const parsed = parseShorthand(kind, text, `--${kind}`)
  if (!parsed.ok) throw new UsageError(problemText(parsed.problem))
  return parsed.value
}

function seedOf(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > SEED_MAX)
    throw new UsageError(`a whole number from 0 to ${SEED_MAX} is needed`)
  return Number(text)
}
