import type { LbSessions } from '../../operations/status-schemas.js'
import type { LauncherParts } from '../parts.js'
import { lbNamed, vipNamed } from './lookup.js'

/**
 * Returns sessions of LBs.
 *
 * @param lb name of an LB, or 'all'
 * @param vip name of a VIP; undefined: all
 * @param limit of sessions per LB
 */
export async function lbSessions(
  { plan, fleet }: Pick<LauncherParts, 'plan' | 'fleet'>,
  lb: string,
  vip: string | undefined,
  limit: number,
): Promise<LbSessions[]> {
  const name = vip === undefined ? undefined : vipNamed(plan, vip).name
  const params = { ...(name !== undefined && { vip: name }), limit }
  const responses = await fleet.requestEach(lbNamed(plan, lb), 'sessions', params)
  return responses.map((of) =>
    'response' in of ? { lb: of.lb, sessions: of.response } : { lb: of.lb, sessions: [], unreachable: of.unreachable },
  )
}
