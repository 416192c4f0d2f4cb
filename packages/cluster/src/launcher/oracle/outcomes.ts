import { parseIpv4 } from '@fivetuple/packet'
import type { FlowShift, PredictRequest, PredictResult } from '@fivetuple/switch'
import type { LbOutcomes, MeasuredVip, Shares, VipOutcomes } from '../../operations/prediction-schemas.js'
import type { ClusterPlan, VipPlan } from '../../plan/plan.js'
import { lbAt, tcpVips } from './request.js'

type Planned = Pick<ClusterPlan, 'uplink' | 'vips'>
type Expected = PredictResult['expected'][number]['nextHops']

/** Flows per outcome. */
interface Counts {
  flows: number
  directLoss: number
  collateral: number
  unaffected: number
}

/** Returns the outcomes per VIP and LB of shifts that the uplink switch reports. */
export function vipOutcomes(plan: Planned, request: PredictRequest, result: PredictResult): VipOutcomes[] {
  return tcpVips(plan).flatMap((vip): VipOutcomes[] => {
    const gone = goneFrom(request, vip)
    const established = shiftsOf(result.shifts, vip)
    const shifts = established.length > 0 ? established : shiftsOf(result.sampled, vip)
    if (shifts.length === 0) return []
    const counts = countsOf(shifts, gone)
    const expected = result.expected.find((one) => one.vip === parseIpv4(vip.address))?.nextHops
    const formula = expected === undefined ? null : sharesOf(expected, gone)
    return [
      {
        vip: vip.name,
        basis: established.length > 0 ? 'established' : 'sample',
        ...counts,
        formula,
        differencePoints: formula && differencePoints(counts, formula),
        chancePoints: formula && chancePoints(counts.flows, formula),
        perLb: perLb(plan, shifts, expected, gone),
      },
    ]
  })
}

/** Returns the measured outcomes of the flows that were predicted. */
export function measuredOutcomes(
  plan: Planned,
  request: PredictRequest,
  shifts: readonly FlowShift[],
  predicted: readonly VipOutcomes[],
): MeasuredVip[] {
  return tcpVips(plan).flatMap((vip): MeasuredVip[] => {
    const then = predicted.find((one) => one.vip === vip.name)
    const ofVip = shiftsOf(shifts, vip)
    if (then === undefined || ofVip.length === 0) return []
    const gone = goneFrom(request, vip)
    const counts = countsOf(ofVip, gone)
    const share = (flows: number): number => flows / then.flows
    const differences = differencePoints(counts, {
      directLoss: share(then.directLoss),
      collateral: share(then.collateral),
      unaffected: share(then.unaffected),
    })
    const perPort = [...new Set(ofVip.map(({ from }) => from))].sort((a, b) => a - b)
    const countsAt = (port: number): Counts =>
      countsOf(
        ofVip.filter(({ from }) => from === port),
        gone,
      )
    return [
      {
        vip: vip.name,
        ...counts,
        differencePoints: differences,
        perLb: Object.fromEntries(perPort.map((port) => [lbAt(plan, port), countsAt(port)])),
      },
    ]
  })
}

/** Returns the differences between counted flows and expected shares, in percentage points. */
export function differencePoints({ flows, directLoss, collateral, unaffected }: Counts, than: Shares): Shares {
  const points = (counted: number, share: number): number => round((counted / flows - share) * 100)
  return {
    directLoss: points(directLoss, than.directLoss),
    collateral: points(collateral, than.collateral),
    unaffected: points(unaffected, than.unaffected),
  }
}

/** Returns two standard deviations of the shares of so many flows, in percentage points. */
export function chancePoints(flows: number, { directLoss, collateral, unaffected }: Shares): Shares {
  const points = (share: number): number => round(200 * Math.sqrt((share * (1 - share)) / flows))
  return { directLoss: points(directLoss), collateral: points(collateral), unaffected: points(unaffected) }
}

function perLb(
  plan: Planned,
  shifts: readonly FlowShift[],
  expected: Expected | undefined,
  gone: readonly number[],
): Record<string, LbOutcomes> {
  const ports = [...new Set(shifts.map(({ from }) => from))].sort((a, b) => a - b)
  return Object.fromEntries(
    ports.map((port): [string, LbOutcomes] => {
      const counts = countsOf(
        shifts.filter(({ from }) => from === port),
        gone,
      )
      const own = expected?.find((one) => one.port === port)
      return [lbAt(plan, port), { ...counts, formula: own ? sharesOf([{ ...own }], gone) : null }]
    }),
  )
}

/** Shares of the flows of some next hops. */
function sharesOf(nextHops: Expected, gone: readonly number[]): Shares {
  const total = sum(nextHops.map(({ share }) => share))
  const directLoss = sum(nextHops.map(({ port, share }) => (gone.includes(port) ? share : 0))) / total
  const unaffected = sum(nextHops.map(({ kept }) => kept)) / total
  return {
    directLoss: round(directLoss),
    collateral: round(Math.max(0, 1 - directLoss - unaffected)),
    unaffected: round(unaffected),
  }
}

function countsOf(shifts: readonly FlowShift[], gone: readonly number[]): Counts {
  const counts: Counts = { flows: 0, directLoss: 0, collateral: 0, unaffected: 0 }
  for (const { from, to, flows } of shifts) {
    counts.flows += flows
    counts[gone.includes(from) ? 'directLoss' : from === to ? 'unaffected' : 'collateral'] += flows
  }
  return counts
}

function goneFrom({ nextHops }: PredictRequest, vip: VipPlan): readonly number[] {
  return nextHops.find((change) => change.vip === parseIpv4(vip.address))?.gone ?? []
}

function shiftsOf(shifts: readonly FlowShift[], { address, port }: VipPlan): readonly FlowShift[] {
  const vip = parseIpv4(address)
  return shifts.filter((shift) => shift.vip.port === port && shift.vip.address === vip)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** Six digits: floating-point noise is not printed. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6
}
