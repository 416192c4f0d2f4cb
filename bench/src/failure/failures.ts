import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterOperations, ClusterStatus } from '@fivetuple/cluster'

/** Failure, and its end. */
export interface Failure {
  readonly name: string
  /** Description, in a few words. */
  readonly what: string
  /** True if it lasts for the time requested and is then cleared; false if it passes by itself. */
  readonly lasts: boolean
  inject(api: ClusterOperations): Promise<unknown>
  /** Resolves when the cluster has recovered. */
  restore(api: ClusterOperations): Promise<unknown>
}

/** Longest delay of a slow backend's response, well below the probe's timeout. */
const SLOW_MS = 300
/**
 * Longest recovery of an LB that starts: it must get routes and find backends healthy, which takes
 * a second or two.
 */
export const RECOVERY_MAX_MS = 15_000
const LOOK_EVERY_MS = 20

/**
 * Failures in order, each with another victim as far as there are enough, so that the effects of
 * one are not taken for those of the next.
 * @param lbs names, at least one
 * @param backends names, at least one
 */
export function failures(lbs: readonly string[], backends: readonly string[]): Failure[] {
  const lb = (i: number): string => lbs[i % lbs.length]!
  const backend = (i: number): string => backends[i % backends.length]!
  return [
    {
      name: 'kill-lb',
      what: `${lb(0)} is killed; it is started again by itself`,
      lasts: false,
      inject: (api) => api.role.kill({ role: lb(0) }),
      restore: (api) =>
        until(api, ({ vips }) => vips.every((vip) => vip.lbs.every((name) => vip.routedTo.includes(name)))),
    },
    {
      name: 'pause-lb',
      what: `${lb(1)} is paused (SIGSTOP) for a while`,
      lasts: true,
      inject: (api) => api.role.pause({ role: lb(1) }),
      restore: (api) => api.role.resume({ role: lb(1) }),
    },
    {
      name: 'link-down',
      what: `both links of ${lb(2)} are down for a while`,
      lasts: true,
      inject: (api) => api.link.down({ lb: lb(2), side: 'both' }),
      restore: (api) => api.link.up({ lb: lb(2), side: 'both' }),
    },
    {
      name: 'restart-lb',
      what: `${lb(3)} is stopped in order and started again`,
      lasts: false,
      inject: (api) => api.role.restart({ role: lb(3) }),
      restore: async () => {},
    },
    {
      name: 'kill-backend',
      what: `${backend(0)} is killed; it is started again by itself`,
      lasts: false,
      inject: (api) => api.role.kill({ role: backend(0) }),
      restore: (api) => until(api, ({ roles, lbs }) => isRunning(roles, backend(0)) && isHealthy(lbs, backend(0))),
    },
    {
      name: 'slow-backend',
      what: `${backend(1)} responds ${SLOW_MS} ms late for a while`,
      lasts: true,
      inject: (api) => api.backend.setBehavior({ backend: backend(1), delayMs: SLOW_MS }),
      restore: (api) => api.backend.restore({ backend: backend(1) }),
    },
  ]
}

function isRunning(roles: ClusterStatus['roles'], role: string): boolean {
  return roles.find(({ name }) => name === role)?.state === 'running'
}

function isHealthy(lbs: ClusterStatus['lbs'], backend: string): boolean {
  return Object.values(lbs).every(({ services }) =>
    services.every(({ backends }) => backends.every(({ name, isHealthy }) => name !== backend || isHealthy)),
  )
}

async function until(api: ClusterOperations, condition: (status: ClusterStatus) => boolean): Promise<void> {
  const deadline = performance.now() + RECOVERY_MAX_MS
  while (!condition(await api.status())) {
    if (performance.now() > deadline) throw new Error(`not all is well after ${RECOVERY_MAX_MS / 1000} s`)
    await sleep(LOOK_EVERY_MS)
  }
}
