import { ApiError } from '../../api/problem.js'
import { lbsOnly, roleNamed } from '../actions/lookup.js'
import type { LauncherParts } from '../parts.js'
import { isLinkSide, LINK_SIDES } from './links.js'
import type { MomentaryKind } from './momentary-kind.js'
import { curl, STATUS } from './watch.js'

export interface BgpReset {
  readonly kind: 'bgp-reset'
  /** LB or switch that sends the NOTIFICATION. */
  readonly role: string
  /** `uplink` or `downlink` of an LB; the name of an LB or of an external neighbour of a switch. */
  readonly neighbor: string
}

/** A BGP session ends by Cease, Administrative Reset (RFC 4486), from either end. */
export const bgpReset: MomentaryKind<BgpReset> = {
  kind: 'bgp-reset',
  summary: 'a BGP session ends by Cease, Administrative Reset (RFC 4486), sent by either end, and starts again',
  check({ role, neighbor }, { plan }) {
    const neighbors = neighborsOf(roleNamed(plan, role), plan)
    if (neighbors.includes(neighbor)) return
    throw neighbors.length === 0
      ? new ApiError(400, `${role} is a backend and has no BGP session: name an LB or a switch`)
      : new ApiError(404, `${role} has no BGP neighbour '${neighbor}'; there are ${neighbors.join(', ')}`)
  },
  async apply({ role, neighbor }, { plan, roles }) {
    const isLb = plan.lbs.some(({ name }) => name === role)
    const { wasEstablished } =
      isLb && isLinkSide(neighbor)
        ? await roles.lb(role)('resetBgp', { side: neighbor })
        : await roles.switch(role)('resetBgp', { neighbor })
    if (!wasEstablished)
      throw new ApiError(409, `${role} has no established BGP session with ${neighbor} now: see '${STATUS}'`)
    return {
      summary: `${role} has ended its BGP session with ${neighbor}: Cease, Administrative Reset`,
      warnings: [],
      watch: [
        {
          command: STATUS,
          expect: 'the session is idle, its routes are gone, and both are back within a second or so',
        },
        ...curl(plan, 'flows whose route is gone meanwhile are rehashed to other LBs'),
      ],
      undo: null,
    }
  },
  endsRoutesOf({ role, neighbor }, { plan }) {
    if (role === plan.uplink.name) return lbsOnly(plan, neighbor)
    return neighbor === 'uplink' ? lbsOnly(plan, role) : []
  },
  describe: ({ role, neighbor }) => `${role} ends its BGP session with ${neighbor}`,
}

function neighborsOf(role: string, { lbs, switches }: LauncherParts['plan']): readonly string[] {
  if (lbs.some(({ name }) => name === role)) return LINK_SIDES
  return switches.find(({ name }) => name === role)?.bgp.neighbors.map(({ name }) => name) ?? []
}
