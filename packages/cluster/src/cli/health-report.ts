import type { Output } from '../operations/command.js'
import type { Health } from '../operations/status-schemas.js'
import { table } from './table.js'

/** Output of `fivetuple health`. */
export const healthOutput: Output<Health, never> = { text: (health) => render(health) }

function render({ backends, unreachable }: Health): string {
  const rows = table([
    ['VIP', 'BACKEND', 'LB', 'HEALTH', 'FOR', 'LAST CHECK', 'CHECKS', 'FAILED CONNECTIONS', 'SESSIONS'],
    ...[...backends]
      .sort((a, b) => a.vip.localeCompare(b.vip) || a.name.localeCompare(b.name, 'en', { numeric: true }))
      .map((row) => [
        row.vip,
        row.name,
        row.lb,
        healthOf(row),
        row.check === null ? '-' : `${Math.round(row.check.sinceMs / 1000)}s`,
        row.check?.lastReason ?? 'not checked',
        row.check === null ? '-' : `${row.check.successes} good, ${row.check.failures} failed`,
        row.connectFailures,
        row.sessions,
      ]),
  ])
  return rows + unreachable.map(({ name, reason }) => `! ${name}: ${reason}\n`).join('')
}

function healthOf({ isHealthy, isDrained, weight, check }: Health['backends'][number]): string {
  const state = check?.health === 'unknown' ? 'unknown yet' : isHealthy ? 'healthy' : 'unhealthy'
  return `${state}${isDrained ? ', drained' : ''}${weight === 0 ? ', weight 0' : ''}`
}
