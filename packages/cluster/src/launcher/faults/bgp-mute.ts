import { ApiError } from '../../api/problem.js'
import { oneLbNamed } from '../actions/lookup.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { injectedIntoLbs } from './injected-into-lbs.js'
import { LinkSide } from './links.js'
import { curl, done, STATUS } from './watch.js'

const schema = faultSchema('bgp-mute', { side: LinkSide })
type BgpMute = FieldsOf<typeof schema>

/** An LB sends neither KEEPALIVE nor UPDATE, so that the hold timer of a switch expires. */
export const bgpMute: FaultKind<BgpMute, typeof schema> = {
  kind: 'bgp-mute',
  schema,
  summary: 'an LB sends neither KEEPALIVE nor UPDATE to a switch, so that the hold timer of the switch expires',
  isRoleDown: false,
  keyOf: ({ role, side }) => `${role} ${side}`,
  check: ({ role }, { plan }) => oneLbNamed(plan, role),
  async apply([{ role, side }], { plan, roles }) {
    const { holdTime } = plan[side].bgp
    if (holdTime === 0) throw new ApiError(409, 'bgp.holdTime is 0: there is no hold timer that could expire')
    await roles.lb(role)('muteBgp', { side, isMuted: true })
    return {
      summary: `${role} sends neither KEEPALIVE nor UPDATE to the ${side} switch`,
      warnings: [],
      watch: [
        {
          command: STATUS,
          expect: `when the hold time (${holdTime} s) ends, the ${side} switch ends the session, and none is established until the fault is cleared; carrier and BFD stay up`,
        },
        ...curl(
          plan,
          side === 'uplink' ? 'then its flows are rehashed to other LBs' : 'then its flows get no response',
        ),
      ],
      undo: null,
    }
  },
  async undo({ role, side }, { roles }) {
    await roles.lb(role)('muteBgp', { side, isMuted: false })
  },
  list: (on, search) =>
    injectedIntoLbs(on, search, (lb, { mutedBgp }) => mutedBgp.map((side) => ({ kind: 'bgp-mute', role: lb, side }))),
  describe: ({ role, side }) => `${role} sends neither KEEPALIVE nor UPDATE to the ${side} switch`,
  undoCommand: ({ id }) => `fivetuple faults clear ${id}`,
  cleared: ([{ role, side }], { inhibited }) =>
    done(`${role} sends KEEPALIVE and UPDATE to the ${side} switch again`, 'the session is established', inhibited),
  endsRoutesOf: ({ role, side }) => (side === 'uplink' ? [role] : []),
  awaited: ({ role }) => [role],
  keepsRoutesAway: (_lb, _on, isInjected) => isInjected,
}
