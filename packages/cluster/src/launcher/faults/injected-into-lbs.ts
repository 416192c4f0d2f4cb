import type { InjectedFaultsStatus } from '@fivetuple/lb-node'
import type { LauncherParts } from '../parts.js'
import type { Search } from './fault-kind.js'

/** Returns the faults that LBs report, of one kind. */
export async function injectedIntoLbs<F>(
  { plan, roles, supervisor }: LauncherParts,
  { role, onUnreachable }: Search,
  faultsOf: (lb: string, injected: InjectedFaultsStatus) => readonly F[],
): Promise<F[]> {
  const names = plan.lbs.map(({ name }) => name).filter((name) => role === undefined || name === role)
  const found = await Promise.all(
    names.map(async (lb) => {
      try {
        return faultsOf(lb, await roles.lb(lb)('injected', {}))
      } catch (error) {
        if (['running', 'starting', 'paused'].includes(supervisor.state(lb).state))
          onUnreachable(lb, (error as Error).message)
        return []
      }
    }),
  )
  return found.flat()
}
