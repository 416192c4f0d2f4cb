import type { Output } from '../operations/command.js'
import type { FlowPrediction, Prediction } from '../operations/status-schemas.js'
import { table } from './table.js'

/** Output of `fivetuple predict`. */
export const predictionOutput: Output<Prediction, never> = { text: (prediction) => render(prediction) }

function render({ without, selection, vips }: Prediction): string {
  if (vips.length === 0) return 'no TCP flow is established: open some, and repeat the command\n'
  const gone = without.join(', ')
  const row = (vip: string, lb: string, { flows, directLoss, collateral, unaffected }: FlowPrediction) => [
    vip,
    lb,
    flows,
    directLoss,
    collateral,
    unaffected,
  ]
  return [
    `established TCP flows if ${gone} ${without.length === 1 ? 'were' : 'were all'} gone, with ${selection}:\n`,
    table([
      ['VIP', 'LB', 'FLOWS', 'DIRECT LOSS', 'COLLATERAL', 'UNAFFECTED'],
      ...vips.flatMap((all) => [
        ...Object.entries(all.perLb).map(([lb, flows]) => row(all.vip, lb, flows)),
        row(all.vip, 'all', all),
      ]),
    ]),
    `DIRECT LOSS: flows of ${gone}, which end with their LB.
COLLATERAL: flows of remaining LBs, broken by rehash: another LB gets their packets and has no session for them.
Both end when their client sends next. UNAFFECTED flows keep their LB.
`,
  ].join('\n')
}
