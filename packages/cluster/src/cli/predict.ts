import type { FlowPrediction, Prediction } from '../api/status.js'
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
  if (vips.length === 0) return 'no TCP flow stands now: open some, and ask again\n'
  const gone = without.join(', ')
  const row = (vip: string, lb: string, { flows, lost, move, stay }: FlowPrediction) => [
    vip,
    lb,
    flows,
    lost,
    move,
    stay,
  ]
  return [
    `without ${gone}, by ${selection}, of the TCP flows that stand now:\n`,
    table([
      ['VIP', 'LB', 'FLOWS', 'LOST', 'MOVE', 'STAY'],
      ...vips.flatMap((all) => [
        ...Object.entries(all.byLb).map(([lb, flows]) => row(all.vip, lb, flows)),
        row(all.vip, 'all', all),
      ]),
    ]),
    `LOST are on ${gone}. MOVE would be forwarded to an LB that does not know them. Both end when their clients send next.\n`,
  ].join('\n')
}
