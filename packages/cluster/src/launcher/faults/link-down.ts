import type { EffectReport } from '../../operations/fault-report-schema.js'
import { oneLbNamed } from '../actions/lookup.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { LinkSide } from './links.js'
import { curl, done, OUTCOMES, STATUS } from './watch.js'

const schema = faultSchema('link-down', { side: LinkSide })
type LinkDown = FieldsOf<typeof schema>

/** A link between an LB and a switch is administratively down; the role is the LB. */
export const linkDown: FaultKind<LinkDown, typeof schema> = {
  kind: 'link-down',
  schema,
  summary: 'a link of an LB has no carrier, and redials are refused',
  isRoleDown: false,
  keyOf: ({ role, side }) => `${role} ${side}`,
  check: ({ role }, { plan }) => oneLbNamed(plan, role),
  async apply(faults, { plan, links }): Promise<EffectReport> {
    const lb = faults[0].role
    const sides = faults.map(({ side }) => side)
    for (const side of sides) await links.setAdminDown({ lb, side }, true)
    const effects: Record<LinkSide, string> = {
      uplink: `no new flow reaches ${lb}, and its flows end with a reset when their clients send next`,
      downlink: `${lb} can reach no backend and takes its VIPs off its interface`,
    }
    return {
      summary: `${named(lb, sides)} down: no carrier at either end, and ${lb}'s redials are refused`,
      warnings: [],
      watch: [
        {
          command: STATUS,
          expect: `at once: carrier down, BGP idle, ${lb} gone from ROUTED TO; ${sides.map((side) => effects[side]).join('; ')}`,
        },
        OUTCOMES,
        ...curl(plan, 'new connections take other LBs'),
      ],
      undo: `fivetuple link up ${lb} ${sides.length === 2 ? 'both' : sides[0]}`,
    }
  },
  undo: ({ role, side }, { links }) => links.setAdminDown({ lb: role, side }, false),
  async list({ links }) {
    return links.down.map(({ lb, side }) => ({ kind: 'link-down', role: lb, side }))
  },
  describe: ({ role, side }) => `${role}'s ${side} link is down`,
  undoCommand: ({ role, side }) => `fivetuple link up ${role} ${side}`,
  cleared(faults, { tookMs, inhibited }): EffectReport {
    const sides = faults.map(({ side }) => side)
    const isRouted = inhibited !== undefined
    return done(
      `${named(faults[0].role, sides)} up${isRouted ? `: its routes are back after ${Math.round(tookMs)} ms` : ''}`,
      isRouted ? 'new flows go there again' : 'its routes are back when nothing else keeps them away',
      inhibited,
    )
  },
  endsRoutesOf: ({ role }) => [role],
  awaited: ({ role }) => [role],
  keepsRoutesAway: (lb, { links }) => links.isDown(lb),
}

function named(lb: string, sides: readonly LinkSide[]): string {
  return `${lb}'s ${sides.join(' and ')} link${sides.length === 2 ? 's are' : ' is'}`
}
