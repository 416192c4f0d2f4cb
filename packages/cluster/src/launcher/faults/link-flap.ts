import { checkFault, formatQuantity, problemText } from '@fivetuple/faults'
import * as Type from 'typebox'
import { ApiError } from '../../api/problem.js'
import { oneLbNamed } from '../actions/lookup.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { checkIsUp } from './link-state.js'
import { LinkSide } from './links.js'
import { curl, done, STATUS } from './watch.js'

const schema = faultSchema('link-flap', { side: LinkSide, upMs: Type.Number(), downMs: Type.Number() })
type LinkFlapping = FieldsOf<typeof schema>

/** The carrier of a link of an LB comes and goes; the role is the LB. */
export const linkFlap: FaultKind<LinkFlapping, typeof schema> = {
  kind: 'link-flap',
  schema,
  summary: 'the carrier of a link of an LB comes and goes, at both ends at once',
  isRoleDown: false,
  keyOf: ({ id }) => id ?? '',
  check({ role, upMs, downMs }, { plan }) {
    oneLbNamed(plan, role)
    const checked = checkFault({ kind: 'flap', upMs, downMs }, 'flap')
    if (!checked.ok) throw new ApiError(400, problemText(checked.problem))
  },
  async apply(faults, on) {
    for (const { role, side } of faults) checkIsUp({ lb: role, side }, on)
    for (const { id, role, side, upMs, downMs } of faults) await on.flaps.start({ id, lb: role, side, upMs, downMs })
    const [{ id, role, upMs, downMs }] = faults
    return {
      summary: `${role}'s ${faults.map(({ side }) => side).join(' and ')} link flaps: ${times({ upMs, downMs })}`,
      warnings: [],
      watch: [
        { command: STATUS, expect: `its carrier comes and goes; ${role} leaves ROUTED TO each time, and returns` },
        ...curl(on.plan, `connections by ${role} end each time with a reset, others do not`),
      ],
      undo: faults.length > 1 ? `fivetuple link restore ${role} both` : `fivetuple faults clear ${id}`,
    }
  },
  async undo(fault, { flaps }) {
    if (fault.id !== undefined) await flaps.end(fault.id)
  },
  async list({ flaps }) {
    return flaps.list.map(({ lb, ...flap }) => ({ kind: 'link-flap', role: lb, ...flap }))
  },
  describe: ({ role, side, ...flap }) => `${role}'s ${side} link flaps: ${times(flap)}`,
  undoCommand: ({ id }) => `fivetuple faults clear ${id}`,
  cleared: ([{ role, side }], { inhibited }) =>
    done(`${role}'s ${side} link flaps no more`, 'its carrier stays, and new flows go there again', inhibited),
  endsRoutesOf: ({ role }) => [role],
  awaited: ({ role }) => [role],
  keepsRoutesAway: (of, { flaps }) => flaps.list.some(({ lb }) => lb === of),
}

function times({ upMs, downMs }: Pick<LinkFlapping, 'upMs' | 'downMs'>): string {
  return `${formatQuantity(upMs, 'ms')} up, ${formatQuantity(downMs, 'ms')} down`
}
