import * as Type from 'typebox'
import type { LinkSide } from '../launcher/faults/links.js'

/**
 * Longest time until the routes of an LB are back or the launcher's own timeout ends, with a
 * margin, ms.
 */
export const RECOVERY_TIMEOUT_MS = 40_000

/** One or both links of an LB. */
export const LinkSides = Type.Enum(['uplink', 'downlink', 'both'], { title: 'uplink, downlink or both' })

/** Arguments of commands on links. */
export const linkArguments = [
  { sets: 'lb', description: 'name of the LB', completes: 'lb' },
  {
    sets: 'side',
    description: 'switch at the other end',
    choices: ['uplink', 'downlink', 'both'],
    fallback: 'both',
  },
] as const

/** Returns the faults that take links of an LB down. */
export function linksDown(lb: string, side: Type.Static<typeof LinkSides>) {
  const down = (of: LinkSide) => ({ kind: 'link-down', role: lb, side: of }) as const
  return side === 'both' ? ([down('uplink'), down('downlink')] as const) : ([down(side)] as const)
}
