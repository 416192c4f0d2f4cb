import { ApiError } from '../api/problem.js'
import type { Supervisor } from './supervisor.js'

/** Asks a role something. Rejects with an ApiError when it can't answer. */
export type Ask = (name: string, method: string, params: unknown) => Promise<unknown>

/** Asks the roles of a supervisor. */
export function askRoles(supervisor: Supervisor): Ask {
  return (name, method, params) =>
    supervisor.request(name, method, params).catch((error: Error) => {
      throw new ApiError(503, error.message)
    })
}
