import { readdirSync } from 'node:fs'
import type { ClusterStatus } from '@fivetuple/cluster'
import { usageOf } from '../process-usage.js'
import { median } from '../statistics.js'

/** Resources that a role's process holds at one moment. Null: it could not be read. */
export interface Holding {
  readonly role: string
  /** Process id. A changed one means that the role was restarted, so its growth means nothing. */
  readonly pid: number
  readonly rssBytes: number | null
  readonly descriptors: number | null
  /** Timers that are armed; null for roles that do not report them. */
  readonly timers: number | null
  /** Flows of an edge, or NAT sessions of an LB; null for roles that have neither. */
  readonly flows: number | null
}

/** Resources that a cluster's processes hold. */
export function holdingsOf(status: ClusterStatus, launcherPid: number): Holding[] {
  const roles = status.roles.map(({ name, pid }) => {
    const node = status.switches[name] ?? status.lbs[name]
    const flows = status.switches[name]?.flows ?? status.lbs[name]?.sessions ?? null
    return holdingOf(name, pid, node?.process.timers ?? null, flows)
  })
  return [...roles, holdingOf('launcher', launcherPid, null, null)]
}

function holdingOf(role: string, pid: number, timers: number | null, flows: number | null): Holding {
  return { role, pid, rssBytes: usageOf([pid])?.rssBytes ?? null, descriptors: descriptorsOf(pid), timers, flows }
}

function descriptorsOf(pid: number): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return null
  }
}

/** Difference that is no leak: health checks and API connections come and go. */
const SLACK = 4
const COUNTED = ['flows', 'descriptors', 'timers'] as const

/**
 * Holdings of an idle cluster from several samples: the most that each process held, since health
 * checks have flows of their own, and the median of its resident set. A process that some sample
 * lacks is left out.
 */
export function settledOf(samples: readonly (readonly Holding[])[]): Holding[] {
  return samples[0]!.flatMap((first) => {
    const same = samples.flatMap((holdings) =>
      holdings.filter(({ role, pid }) => role === first.role && pid === first.pid),
    )
    if (same.length < samples.length) return []
    const peak = (what: (typeof COUNTED)[number]): number | null =>
      first[what] === null ? null : Math.max(...same.map((holding) => holding[what] ?? 0))
    const resident = same.flatMap(({ rssBytes }) => (rssBytes === null ? [] : [rssBytes]))
    return {
      ...first,
      rssBytes: resident.length === 0 ? null : median(resident),
      flows: peak('flows'),
      descriptors: peak('descriptors'),
      timers: peak('timers'),
    }
  })
}

/** Names of what a run has left behind in processes that have lived through it; empty: nothing. */
export function leftovers(before: readonly Holding[], after: readonly Holding[]): string[] {
  return after.flatMap((now) => {
    const then = before.find(({ role, pid }) => role === now.role && pid === now.pid)
    return COUNTED.flatMap((what) => {
      const [a, b] = [then?.[what] ?? null, now[what]]
      return a !== null && b !== null && b > a + SLACK ? [`${now.role}: ${what} ${a} before, ${b} after`] : []
    })
  })
}

/** Resident set of one process at two moments of a run, bytes. */
export interface Growth {
  readonly role: string
  readonly fromBytes: number
  readonly toBytes: number
}

/** Growth of all processes that have lived from one moment to the other. */
export function growthOf(from: readonly Holding[], to: readonly Holding[]): Growth[] {
  return to.flatMap(({ role, pid, rssBytes }) => {
    const fromBytes = from.find((other) => other.role === role && other.pid === pid)?.rssBytes
    return typeof fromBytes === 'number' && rssBytes !== null ? [{ role, fromBytes, toBytes: rssBytes }] : []
  })
}
