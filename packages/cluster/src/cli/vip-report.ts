import { BACKEND_POLICIES } from '@fivetuple/lb-node/policies'
import type { Output } from '../operations/command.js'
import type { LbVips, VipSettings } from '../operations/vip-schemas.js'
import { table } from './table.js'

/** Output of `fivetuple vip add`, `remove` and `list`. */
export const lbVipsOutput: Output<readonly LbVips[], never> = { text: (lbs) => renderLbs(lbs) }

/** Output of `fivetuple vip set`. */
export const settingsOutput: Output<VipSettings, never> = { text: (settings) => renderSettings(settings) }

function renderSettings({ name, policy, limits, weights }: VipSettings): string {
  const limit = (value: number | null): string => (value === null ? 'no limit' : String(value))
  const isUnequal = new Set(Object.values(weights).filter((weight) => weight > 0)).size > 1
  const hint =
    isUnequal && !BACKEND_POLICIES[policy].usesWeights
      ? `! ${policy} ignores weights other than 0: choose another policy\n`
      : ''
  const settings = table([
    ['VIP', 'POLICY', 'WEIGHTS', 'SESSIONS PER LB', 'NEW FLOWS/s PER LB'],
    [
      name,
      policy,
      Object.entries(weights)
        .map(([backend, weight]) => `${backend}=${weight}`)
        .join(' '),
      limit(limits.maxSessions),
      limit(limits.newFlowsPerSecond),
    ],
  ])
  return settings + hint
}

function renderVip({ address, names, inhibitedBy, drainedBy }: LbVips['vips'][number]): string {
  const notes =
    inhibitedBy.length > 0
      ? `, inhibited: ${inhibitedBy.join(', ')}`
      : drainedBy.length > 0
        ? `, drains: ${drainedBy.join(', ')}`
        : ''
  return `${names.join('/')} (${address}${notes})`
}

function renderLbs(lbs: readonly LbVips[]): string {
  return table([
    ['LB', 'VIPS ON ITS INTERFACE'],
    ...lbs.map(({ lb, vips, unreachable }) => [
      lb,
      `${vips.map(renderVip).join(', ') || 'none'}${unreachable === undefined ? '' : ` when it is started: ${unreachable}`}`,
    ]),
  ])
}
