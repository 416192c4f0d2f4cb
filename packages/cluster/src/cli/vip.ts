import { BACKEND_POLICIES } from '@fivetuple/lb-node/policies'
import type { LbVips, VipSettings, VipSettingsChange } from '../api/status.js'
import { CliError } from './cli-error.js'
import { table } from './table.js'
import { targetCluster } from './target.js'

interface VipOptions {
  readonly block?: string
  readonly json?: boolean
}

/** `fivetuple vip add` and `fivetuple vip remove`: done when the uplink switch routes accordingly. */
export async function setVip(lb: string, vip: string, present: boolean, options: VipOptions): Promise<void> {
  print(await targetCluster(options.block).setVip(lb, vip, present), options)
}

/** `fivetuple vip list`. */
export async function listVips(lb: string, options: VipOptions): Promise<void> {
  print(await targetCluster(options.block).vips(lb), options)
}

interface ChangeVipOptions extends VipOptions {
  readonly policy?: VipSettingsChange['policy']
  readonly weight: Readonly<Record<string, number>>
  /** 0: no limit */
  readonly maxSessions?: number
  readonly maxNewFlows?: number
}

/** `fivetuple vip set`. */
export async function changeVip(vip: string, options: ChangeVipOptions): Promise<void> {
  const { policy, weight, maxSessions, maxNewFlows, block, json } = options
  const limits = {
    ...(maxSessions !== undefined && { maxSessions: maxSessions || null }),
    ...(maxNewFlows !== undefined && { newFlowsPerSecond: maxNewFlows || null }),
  }
  const change: VipSettingsChange = {
    ...(policy !== undefined && { policy }),
    ...(Object.keys(weight).length > 0 && { weights: weight }),
    ...(Object.keys(limits).length > 0 && { limits }),
  }
  if (Object.keys(change).length === 0)
    throw new CliError('nothing to change: give --policy, --weight, --max-sessions or --max-new-flows', 2)
  const settings = await targetCluster(block).changeVip(vip, change)
  process.stdout.write(json ? `${JSON.stringify(settings)}\n` : renderSettings(settings))
}

function renderSettings({ name, policy, limits, weights }: VipSettings): string {
  const limit = (value: number | null): string => (value === null ? 'no limit' : String(value))
  const isUnequal = new Set(Object.values(weights).filter((weight) => weight > 0)).size > 1
  const hint =
    isUnequal && !BACKEND_POLICIES[policy].usesWeights
      ? `! ${policy} ignores weights other than 0: choose another policy\n`
      : ''
  const settings = table([
    ['VIP', 'POLICY', 'WEIGHTS', 'SESSIONS BY LB', 'NEW FLOWS/s BY LB'],
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

function print(lbs: readonly LbVips[], { json }: VipOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(lbs)}\n`)
  else
    process.stdout.write(
      table([
        ['LB', 'VIPS ON ITS INTERFACE'],
        ...lbs.map(({ lb, vips, unreachable }) => [
          lb,
          `${vips.map(renderVip).join(', ') || 'none'}${unreachable === undefined ? '' : ` when it is back: ${unreachable}`}`,
        ]),
      ]),
    )
}
