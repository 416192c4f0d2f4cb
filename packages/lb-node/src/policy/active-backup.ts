import type { BackendPolicy } from './policy.js'

/**
 * The first eligible backend in the order of the service's list. The others are backups: new flows
 * go to the next one while all before it are unhealthy or drained, and back when one of these is
 * eligible again. Established flows stay.
 */
export const activeBackup: BackendPolicy = {
  name: 'active-backup',
  usesOrder: true,
  pick(_flow, { backends }) {
    for (let i = 0; i < backends.length; i++) if (backends[i]!.eligible) return i
    return -1
  },
}
