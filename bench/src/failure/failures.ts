import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterOperations, ClusterStatus } from '@fivetuple/cluster'

/** Something that breaks, and how it is mended. */
export interface Failure {
  readonly name: string
  /** What is done, in a few words. */
  readonly what: string
  /**
   * Whether it stays for the time that was asked for before it is mended; else it passes by itself.
   */
  readonly lasts: boolean
  inject(api: ClusterOperations): Promise<unknown>
  /** Resolves when nothing of it is left. */
  mend(api: ClusterOperations): Promise<unknown>
}

/** Longest delay of a slow backend's answer, well below the probe's timeout. */
const SLOW_MS = 300
/**
 * An LB that starts has to win routes and to find backends healthy first; that takes a second or
 * two.
 */
export const MENDED_MAX_MS = 15_000
const LOOK_EVERY_MS = 20

/**
 * One after the other, each at another victim as far as there are enough, so that the marks of one
 * are not taken for those of the next.
 * @param lbs, @param backends names, at least one of each
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
      mend: (api) =>
        until(api, ({ vips }) => vips.every((vip) => vip.lbs.every((name) => vip.routedTo.includes(name)))),
    },
    {
      name: 'pause-lb',
      what: `${lb(1)} is paused (SIGSTOP) for a while`,
      lasts: true,
      inject: (api) => api.role.pause({ role: lb(1) }),
      mend: (api) => api.role.resume({ role: lb(1) }),
    },
    {
      name: 'link-down',
      what: `both links of ${lb(2)} are down for a while`,
      lasts: true,
      inject: (api) => api.link.down({ lb: lb(2), side: 'both' }),
      mend: (api) => api.link.up({ lb: lb(2), side: 'both' }),
    },
    {
      name: 'restart-lb',
      what: `${lb(3)} is stopped in order and started again`,
      lasts: false,
      inject: (api) => api.role.restart({ role: lb(3) }),
      mend: async () => {},
    },
    {
      name: 'kill-backend',
      what: `${backend(0)} is killed; it is started again by itself`,
      lasts: false,
      inject: (api) => api.role.kill({ role: backend(0) }),
      mend: (api) => until(api, ({ roles, lbs }) => isRunning(roles, backend(0)) && isHealthy(lbs, backend(0))),
    },
    {
      name: 'slow-backend',
      what: `${backend(1)} responds ${SLOW_MS} ms late for a while`,
      lasts: true,
      inject: (api) => api.backend.setBehavior({ backend: backend(1), delayMs: SLOW_MS }),
      mend: (api) => api.backend.restore({ backend: backend(1) }),
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
  const deadline = performance.now() + MENDED_MAX_MS
  while (!condition(await api.status())) {
    if (performance.now() > deadline) throw new Error(`not all is well after ${MENDED_MAX_MS / 1000} s`)
    await sleep(LOOK_EVERY_MS)
  }
}
