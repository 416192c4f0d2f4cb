import { checkFault, type Fault, formatShorthand, problemText, SCOPES, usesChance } from '@fivetuple/faults'
import * as Type from 'typebox'
import { ApiError } from '../../api/problem.js'
import type { EffectReport } from '../../operations/fault-report-schema.js'
import { LinkFaultJson } from '../../operations/link-fault-schemas.js'
import { oneLbNamed } from '../actions/lookup.js'
import { type FaultKind, type FieldsOf, type Found, faultSchema, type Injected } from './fault-kind.js'
import type { LinkImpairment } from './link-impairments.js'
import { checkIsUp } from './link-state.js'
import { LinkSide } from './links.js'
import { curl, done, STATUS } from './watch.js'

const schema = faultSchema('link-impaired', {
  side: LinkSide,
  /** `in`: towards the LB; `out`: from it. */
  direction: Type.Enum(['in', 'out', 'both']),
  scope: Type.Enum([...SCOPES]),
  /** Kind and fields, as in the README of the package `faults`. */
  fault: LinkFaultJson,
})
type LinkImpaired = FieldsOf<typeof schema>

/** Directions, in words. */
const DIRECTIONS = { in: 'towards the LB', out: 'from the LB', both: 'in both directions' } as const

/** Packets on a link of an LB are dropped, delayed, duplicated or limited; the role is the LB. */
export const linkImpaired: FaultKind<LinkImpaired, typeof schema> = {
  kind: 'link-impaired',
  schema,
  summary: 'packets on a link of an LB are dropped, delayed, duplicated, reordered or limited',
  isRoleDown: false,
  keyOf: ({ id }) => id ?? '',
  usesChance: ({ fault }) => usesChance(fault),
  check({ role, fault }, { plan }) {
    oneLbNamed(plan, role)
    checked(fault)
  },
  async apply(faults, on): Promise<EffectReport> {
    const [{ role, side, direction, scope }] = faults
    for (const { role, side } of faults) checkIsUp({ lb: role, side }, on)
    await on.impairments.add(role, faults.map(impairmentOf))
    const sides = [...new Set(faults.map((fault) => fault.side))]
    const what = [...new Set(faults.map(({ fault }) => faultText(fault)))].join(' and ')
    const [first] = faults
    return {
      summary: `${role}'s ${sides.join(' and ')} link${sides.length > 1 ? 's have' : ' has'} ${what} ${where({ direction, scope })}`,
      warnings: [],
      watch: [
        { command: STATUS, expect: 'the table of link faults counts the packets that meet them' },
        ...curl(
          on.plan,
          `connections by ${role} meet ${faults.length > 1 ? 'the faults' : 'the fault'}, others do not`,
        ),
      ],
      undo: faults.length > 1 ? `fivetuple link restore ${role} ${sides.length > 1 ? 'both' : side}` : undoOf(first),
    }
  },
  undo: (fault, { impairments }) => impairments.clear(fault.role, ({ id }) => id === fault.id),
  async list({ impairments }) {
    return impairments.list.map(
      ({ lb, ...fault }): Found<LinkImpaired> => ({ kind: 'link-impaired', role: lb, ...fault }),
    )
  },
  describe: ({ role, side, fault, direction, scope }) =>
    `${role}'s ${side} link has ${faultText(fault)} ${where({ direction, scope })}`,
  undoCommand: undoOf,
  cleared: ([{ role, side }], { inhibited }) =>
    done(`${role}'s ${side} link is restored`, 'packets pass at once; those under way arrive', inhibited),
  // BFD detects it in either direction; loss and delay may be detected or not.
  endsRoutesOf: ({ role, scope, fault }) => (fault.kind === 'black-hole' && scope !== 'data' ? [role] : []),
  awaited: ({ role, scope }) => (scope === 'data' ? [] : [role]),
  // BGP and BFD may have ended, or not: that is a matter of chance and of time.
  keepsRoutesAway: (lb, { impairments }) => impairments.ofLb(lb).some(({ scope }) => scope !== 'data'),
}

function undoOf({ id }: Pick<Injected<LinkImpaired>, 'id'>): string {
  return `fivetuple faults clear ${id}`
}

function impairmentOf({ id, seed, role, side, direction, scope, fault }: Injected<LinkImpaired>): LinkImpairment {
  return { id, seed: seed ?? 0, lb: role, side, direction, scope, fault: checked(fault) }
}

/** Returns a fault with all its fields. @throws ApiError that names field and range */
function checked(fault: unknown): Fault {
  const result = checkFault(fault)
  if (!result.ok) throw new ApiError(400, problemText(result.problem))
  return result.value
}

function faultText(fault: Fault): string {
  return `${fault.kind} ${formatShorthand(fault)}`.trim()
}

function where({ direction, scope }: Pick<LinkImpaired, 'direction' | 'scope'>): string {
  return `${DIRECTIONS[direction]}${scope === 'all' ? '' : `, ${scope} only`}`
}
