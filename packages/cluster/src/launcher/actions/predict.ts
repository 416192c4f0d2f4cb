import { type Endpoint, formatIpv4 } from '@fivetuple/packet'
import type { FlowShift } from '@fivetuple/switch'
import type { FlowPrediction, Prediction } from '../../operations/status-schemas.js'
import type { LauncherParts } from '../parts.js'
import { oneLbNamed } from './lookup.js'

/** Returns the outcomes of established flows if LBs were gone. Changes nothing. */
export async function predictOutcomes(
  { plan, roles }: Pick<LauncherParts, 'plan' | 'roles'>,
  without: readonly string[],
): Promise<Prediction> {
  const names = [...new Set(without.map((name) => oneLbNamed(plan, name)))]
  const { uplink, vips } = plan
  const shifts = await roles.switch(uplink.name)('predict', { without: names })
  return {
    without: names,
    selection: `${uplink.ecmp.selection} over ${uplink.ecmp.hash}`,
    vips: vips.flatMap(({ name, address, port, protocol }) => {
      const ofVip = protocol === 'tcp' ? shifts.filter(({ vip }) => isAt(vip, address, port)) : []
      const lbs = [...new Set(ofVip.map(({ from }) => from))].sort()
      const perLb = Object.fromEntries(
        lbs.map((lb) => [
          lb,
          predictionOf(
            ofVip.filter(({ from }) => from === lb),
            names,
          ),
        ]),
      )
      return ofVip.length === 0 ? [] : [{ vip: name, ...predictionOf(ofVip, names), perLb }]
    }),
  }
}

function isAt(vip: Endpoint, address: string, port: number): boolean {
  return vip.port === port && formatIpv4(vip.address) === address
}

/** Sums flows per outcome. @param gone LBs that are assumed to be gone */
function predictionOf(shifts: readonly FlowShift[], gone: readonly string[]): FlowPrediction {
  const sum = { flows: 0, directLoss: 0, collateral: 0, unaffected: 0 }
  for (const { from, to, flows } of shifts) {
    sum.flows += flows
    sum[gone.includes(from) ? 'directLoss' : from === to ? 'unaffected' : 'collateral'] += flows
  }
  return sum
}
