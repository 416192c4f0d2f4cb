import type { LbBackendStatus } from '@fivetuple/lb-node'
import { table } from './table.js'
import { targetCluster } from './target.js'

/** `fivetuple health`: what each LB thinks of each backend, and why. */
export async function health(options: { readonly block?: string; readonly json?: boolean }): Promise<void> {
  const { lbs, unreachable } = await targetCluster(options.block).status()
  const rows = Object.values(lbs).flatMap(({ name: lb, services }) =>
    services.flatMap(({ name: vip, backends }) => backends.map((backend) => ({ vip, lb, ...backend }))),
  )
  if (options.json) {
    process.stdout.write(`${JSON.stringify(rows)}\n`)
    return
  }
  process.stdout.write(
    table([
      ['VIP', 'BACKEND', 'LB', 'HEALTH', 'FOR', 'LAST CHECK', 'CHECKS', 'FAILED CONNECTIONS', 'SESSIONS'],
      ...rows
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
    ]),
  )
  for (const { name, reason } of unreachable) process.stdout.write(`! ${name}: ${reason}\n`)
}

function healthOf({ isHealthy, isDrained, weight, check }: LbBackendStatus): string {
  const state = check?.health === 'unknown' ? 'unknown yet' : isHealthy ? 'healthy' : 'unhealthy'
  return `${state}${isDrained ? ', drained' : ''}${weight === 0 ? ', weight 0' : ''}`
}
