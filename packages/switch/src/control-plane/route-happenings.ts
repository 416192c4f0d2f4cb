import type { Happening } from '@fivetuple/runtime'
import type { RouteChange } from './route-table.js'

/** Most prefixes that one happening names. */
const PREFIXES_MAX = 64

/** Happening with the local id of its cause; 0: the cause is in another process. */
export interface CausedHappening {
  readonly happening: Happening
  readonly cause: number
}

/**
 * Returns the happenings of a change of routes. Prefixes that have the same next hops before and
 * after are one happening: one LB that goes is one, whatever the number of its VIPs.
 *
 * @param causeOf local id of the end or the begin of a neighbour's session that explains why the
 * neighbour is a next hop no longer, or now; 0: there is none
 */
export function routeHappenings(
  { forwarded, forwardedBefore, draining }: Pick<RouteChange, 'forwarded' | 'forwardedBefore' | 'draining'>,
  causeOf: (neighbor: string, isNextHop: boolean) => number,
): CausedHappening[] {
  const changes = groups(forwarded, (prefix, after) => [forwardedBefore.get(prefix) ?? [], after])
  const drains = groups(draining, (_, names) => [names])
  return [
    ...changes.map(({ prefixes, names: [before = [], after = []] }): CausedHappening => {
      const gone = before.filter((name) => !after.includes(name)).map((name) => causeOf(name, false))
      const added = after.filter((name) => !before.includes(name)).map((name) => causeOf(name, true))
      return {
        happening: { kind: 'route.changed', ...named(prefixes), before, after },
        cause: Math.max(0, ...gone, ...added),
      }
    }),
    ...drains.map(
      ({ prefixes, names: [names = []] }): CausedHappening => ({
        happening: { kind: 'route.drained', ...named(prefixes), draining: names },
        cause: 0,
      }),
    ),
  ]
}

interface Group {
  readonly prefixes: string[]
  readonly names: readonly (readonly string[])[]
}

/** Joins prefixes with the same names. */
function groups(
  changed: ReadonlyMap<string, readonly string[]>,
  namesOf: (prefix: string, names: readonly string[]) => readonly (readonly string[])[],
): Group[] {
  const byNames = new Map<string, Group>()
  for (const [prefix, now] of changed) {
    const names = namesOf(prefix, now)
    const key = names.map((list) => list.join()).join(';')
    const group = byNames.get(key) ?? { prefixes: [], names }
    byNames.set(key, group)
    group.prefixes.push(prefix)
  }
  return [...byNames.values()]
}

function named(prefixes: readonly string[]): { prefixes: readonly string[]; prefixCount: number } {
  return { prefixes: prefixes.slice(0, PREFIXES_MAX), prefixCount: prefixes.length }
}
