import { ApiError } from '../../api/problem.js'
import type { LauncherParts } from '../parts.js'
import type { LinkName } from './links.js'

/** Throws an ApiError 409 with the remedy if a link is down, so that a fault has no effect. */
export function checkIsUp(
  { lb, side }: LinkName,
  { links, supervisor }: Pick<LauncherParts, 'links' | 'supervisor'>,
): void {
  if (links.isAdminDown({ lb, side }))
    throw new ApiError(409, `${lb}'s ${side} link is down: 'fivetuple link up ${lb} ${side}' first`)
  if (supervisor.state(lb).state === 'kept-stopped')
    throw new ApiError(409, `${lb} is kept stopped, so its links are down: 'fivetuple start ${lb}' first`)
}
