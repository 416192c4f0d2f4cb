import { isExact, type OracleResult, renderOracle } from '@fivetuple/bench'
import t from 'tap'

const KILL: OracleResult = {
  selection: 'modulo',
  lbs: 4,
  event: 'kill',
  flows: 1_000,
  formula: { directLoss: 250, collateral: 500 },
  predicted: { directLoss: 258, collateral: 509 },
  measured: { directLoss: 258, collateral: 509 },
  clients: { directLoss: 258, collateral: 509 },
  chance: { directLoss: 27.4, collateral: 31.6 },
  delayedMs: 1.23,
}

t.test('predictions are exact if route table and clients have confirmed them to the flow', async (t) => {
  t.ok(isExact(KILL))
  t.notOk(isExact({ ...KILL, measured: { directLoss: 258, collateral: 508 } }))
  t.notOk(isExact({ ...KILL, clients: { directLoss: 257, collateral: 509 } }))
})

t.test('shares, differences and chance are in percent of the flows', async (t) => {
  const text = renderOracle([KILL, { ...KILL, event: 'return', clients: { directLoss: 0, collateral: 0 } }])
  t.match(text, /^modulo, 4 LBs, kill: direct loss +25\.0 +25\.8 +25\.8 +25\.8 +\+0\.8 +±2\.7 +yes$/m)
  t.match(text, /^modulo, 4 LBs, kill: collateral +50\.0 +50\.9 +50\.9 +50\.9 +\+0\.9 +±3\.2 +yes$/m)
  t.match(text, /^modulo, 4 LBs, return: collateral .* NO$/m)
})
