import type { Prediction } from '../api/status.js'
import { table } from './table.js'
import { targetCluster } from './target.js'

/** `fivetuple predict`: what would become of the flows that stand now without some LBs. */
export async function predict(
  lbs: readonly string[],
  options: { readonly block?: string; readonly json?: boolean },
): Promise<void> {
  const prediction = await targetCluster(options.block).predict(lbs)
  process.stdout.write(options.json ? `${JSON.stringify(prediction)}\n` : render(prediction))
}

function render({ without, selection, vips }: Prediction): string {
  const gone = without.join(', ')
  if (vips.length === 0) return `no TCP flow stands now: open some, and ask again\n`
  const rows = vips.flatMap(({ vip, byLb, ...all }) => [
    ...Object.entries(byLb).map(([lb, flows]) => ({ vip, lb, ...flows })),
    { vip, lb: 'all', ...all },
  ])
  return [
    `without ${gone}, by ${selection}, of the TCP flows that stand now:\n`,
    table([
      ['VIP', 'LB', 'FLOWS', 'LOST', 'MOVE', 'STAY'],
      ...rows.map(({ vip, lb, flows, lost, move, stay }) => [vip, lb, flows, lost, move, stay]),
    ]),
    `LOST are on ${gone}. MOVE would be forwarded to an LB that does not know them. Both end when their clients send next.\n`,
  ].join('\n')
}
