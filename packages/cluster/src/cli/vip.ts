import type { LbVips } from '../api/status.js'
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

function renderVip({ address, names, heldBackBy }: LbVips['vips'][number]): string {
  const held = heldBackBy.length === 0 ? '' : `, held back: ${heldBackBy.join(', ')}`
  return `${names.join('/')} (${address}${held})`
}

function print(lbs: readonly LbVips[], { json }: VipOptions): void {
  if (json) process.stdout.write(`${JSON.stringify(lbs)}\n`)
  else
    process.stdout.write(
      table([
        ['LB', 'VIPS ON ITS INTERFACE'],
        ...lbs.map(({ lb, vips }) => [lb, vips.map(renderVip).join(', ') || 'none']),
      ]),
    )
}
