import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterOperations } from '@fivetuple/cluster'
import type { Timers } from './timers.js'

type Status = Awaited<ReturnType<ClusterOperations['status']>>

/** Interval at which the switch is asked; the times are its own. */
const POLL_MS = 20
/** Longest wait for detection and for recovery. */
const WAIT_MAX_MS = 20_000

/** One pause of an LB. */
export interface Detected {
  readonly lb: string
  /** Time from the request of the pause until BFD has found the failure, ms. */
  readonly downMs: number
  /** Time from the request of the pause until the VIP's route was without the LB, ms. */
  readonly removedMs: number
  /** Time from the request to resume until the VIP's route was back with the LB, ms. */
  readonly restoredMs: number
}

/**
 * Pauses an LB (SIGSTOP) and resumes it. The times are computed from ages in the uplink switch's
 * status, and include the request of the pause and the response with the status: they are too
 * long by a few milliseconds, never too short.
 */
export async function measureDetection(
  api: ClusterOperations,
  lb: string,
  { intervalMs }: Timers,
  signal: AbortSignal,
): Promise<Detected> {
  await until(api, (status) => isUp(status, lb) && routeOf(status, lb) !== undefined)
  await sleep(2 * intervalMs * (0.5 + Math.random()), undefined, { signal }) // any phase of the peer's interval
  const pausedAt = performance.now()
  await api.role.pause({ role: lb })
  const failed = await until(api, (status) => isFailed(status, lb) && routeOf(status, lb) === undefined)
  const { lastDown } = sessionOf(failed.status, lb)!
  const removedAgoMs = Math.min(...vipRoutes(failed.status).map(({ ageMs }) => ageMs))
  const resumedAt = performance.now()
  await api.role.resume({ role: lb })
  const restored = await until(api, (status) => isUp(status, lb) && routeOf(status, lb) !== undefined)
  return {
    lb,
    downMs: failed.at - lastDown!.agoMs - pausedAt,
    removedMs: failed.at - removedAgoMs - pausedAt,
    restoredMs: restored.at - routeOf(restored.status, lb)!.ageMs - resumedAt,
  }
}

async function until(
  api: ClusterOperations,
  isReached: (status: Status) => boolean,
): Promise<{ status: Status; at: number }> {
  const end = performance.now() + WAIT_MAX_MS
  while (performance.now() < end) {
    const status = await api.status()
    if (isReached(status)) return { status, at: performance.now() }
    await sleep(POLL_MS)
  }
  throw new Error(`the state of the sessions was not reached within ${WAIT_MAX_MS / 1_000} s`)
}

function sessionOf({ switches }: Status, lb: string) {
  return switches.uplink?.bfd.sessions.find(({ neighbor }) => neighbor === lb)
}

function isUp(status: Status, lb: string): boolean {
  return sessionOf(status, lb)?.path === 'working'
}

function isFailed(status: Status, lb: string): boolean {
  return sessionOf(status, lb)?.path === 'failed'
}

function vipRoutes({ switches, vips }: Status) {
  return (switches.uplink?.routes ?? []).filter(({ prefix }) => prefix === `${vips[0]!.address}/32`)
}

/** Route of the first VIP if it has a next hop over the LB. */
function routeOf(status: Status, lb: string) {
  return vipRoutes(status).find(({ nextHops }) => nextHops.some(({ via }) => via === lb))
}
