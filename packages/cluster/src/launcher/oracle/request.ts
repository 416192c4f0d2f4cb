import { parseIpv4, parsePrefix } from '@fivetuple/packet'
import type { EcmpSelectionName, PredictRequest } from '@fivetuple/switch'
import { ApiError } from '../../api/problem.js'
import { LBS_MAX, type PredictedChange } from '../../operations/predict-parameters.js'
import type { ClusterPlan, VipPlan } from '../../plan/plan.js'

/** LB by its name and the port of its cable; a port that the plan does not have is hypothetical. */
interface NumberedLb {
  readonly name: string
  readonly port: number
}

/** Number of made-up flows to each VIP: a share of a half is right to ±1 point. */
const SAMPLE_FLOWS = 10_000
/** Most made-up flows to all VIPs together, so that a prediction takes a second at most. */
const SAMPLE_FLOWS_MAX = 50_000

/** Returns the number of made-up flows to each VIP. */
export function sampleSize(plan: Pick<ClusterPlan, 'vips'>): number {
  return Math.min(SAMPLE_FLOWS, Math.ceil(SAMPLE_FLOWS_MAX / Math.max(1, tcpVips(plan).length)))
}

type Planned = Pick<ClusterPlan, 'uplink' | 'lbs' | 'vips' | 'clientPool'>

/** Returns the name of the LB at a port, whether it exists or not. */
export function lbAt({ uplink }: Pick<ClusterPlan, 'uplink'>, port: number): string {
  return uplink.ports.find(({ id }) => id === port)?.peer ?? `lb-${port}`
}

/** VIPs whose flows are predicted. */
export function tcpVips({ vips }: Pick<ClusterPlan, 'vips'>): readonly VipPlan[] {
  return vips.filter(({ protocol }) => protocol === 'tcp')
}

/**
 * Returns the request to the uplink switch for a change.
 * @throws ApiError 400 or 404 if the change names no LB of this cluster, or contradicts itself
 */
export function predictRequest(
  plan: Planned,
  change: PredictedChange,
  selections: readonly EcmpSelectionName[],
): PredictRequest {
  const { kill = [], add = [], drain = [], undrain = [], lbs } = change
  if (Object.values(change).every((value) => value === undefined))
    throw new ApiError(400, 'no change is named: give kill, add, drain, undrain, lbs, setSelection, setHash or setSeed')
  if (lbs !== undefined && kill.length + add.length > 0)
    throw new ApiError(400, 'lbs states which LBs there are, so it excludes kill and add')
  const all = [...kill, ...add, ...drain, ...undrain]
  const twice = all.find((name, i) => all.indexOf(name) !== i)
  if (twice !== undefined) throw new ApiError(400, `${twice} is named twice: one change for each LB is needed`)
  const existing = new Set(plan.lbs.map(({ name }) => name))
  const numbered = (names: readonly string[]): number[] => names.map((name) => knownLb(plan, name).port)
  const gone = numbered(kill)
  const added = add.map((name) => anyLb(plan, name))
  const count = plan.lbs.length
  if (lbs !== undefined) {
    for (let port = lbs + 1; port <= count; port++) gone.push(port)
    for (let port = 1; port <= lbs; port++) added.push({ name: lbAt(plan, port), port })
  }
  const [drained, undrained] = [numbered(drain), numbered(undrain)]
  return {
    selections: [...selections],
    nextHops: tcpVips(plan).map((vip) => ({
      vip: parseIpv4(vip.address)!,
      gone,
      added: added.filter(({ name }) => canCarry(vip, name, existing)).map(({ port }) => port),
      drained,
      undrained,
    })),
    selection: change.setSelection ?? null,
    hash: change.setHash ?? null,
    seed: change.setSeed ?? null,
    kept: null,
    sample: {
      pool: parsePrefix(plan.clientPool)!,
      flows: sampleSize(plan),
      services: tcpVips(plan).map(({ address, port }) => ({ address: parseIpv4(address)!, port })),
    },
  }
}

/** Describes a change in words. */
export function describeChange(change: PredictedChange): string {
  const { kill = [], add = [], drain = [], undrain = [], lbs, setSelection, setHash, setSeed } = change
  const are = (names: readonly string[], what: string, whatAll: string): string[] =>
    names.length === 0 ? [] : [`${names.join(', ')} ${names.length === 1 ? what : whatAll}`]
  return [
    ...are(kill, 'goes', 'go'),
    ...are(add, 'joins or returns', 'join or return'),
    ...are(drain, 'drains', 'drain'),
    ...are(undrain, 'ends its drain', 'end their drains'),
    ...(lbs === undefined ? [] : [`the cluster has ${lbs} LB${lbs === 1 ? '' : 's'}`]),
    ...(setSelection === undefined ? [] : [`the selection becomes ${setSelection}`]),
    ...(setHash === undefined ? [] : [`the hash becomes ${setHash}`]),
    ...(setSeed === undefined ? [] : [`the seed becomes ${setSeed}`]),
  ].join(', ')
}

/** True if a VIP is to be carried by an LB; one that does not exist carries what all carry. */
function canCarry(vip: VipPlan, lb: string, existing: ReadonlySet<string>): boolean {
  return existing.has(lb) ? vip.lbs.includes(lb) : vip.lbs.length === existing.size
}

function knownLb({ uplink }: Planned, name: string): NumberedLb {
  const port = uplink.ports.find(({ peer }) => peer === name)?.id
  if (port !== undefined) return { name, port }
  throw new ApiError(404, `there is no LB '${name}'; there are ${uplink.ports.map(({ peer }) => peer).join(', ')}`)
}

/** An LB of the cluster, or one that could join it. */
function anyLb(plan: Planned, name: string): NumberedLb {
  const number = Number(/^lb-([1-9]\d{0,2})$/.exec(name)?.[1])
  if (plan.uplink.ports.some(({ peer }) => peer === name)) return knownLb(plan, name)
  if (number > plan.lbs.length && number <= LBS_MAX) return { name, port: number }
  throw new ApiError(
    404,
    `there is no LB '${name}'; there are ${plan.lbs.map((lb) => lb.name).join(', ')}, and lb-${plan.lbs.length + 1} to lb-${LBS_MAX} could join`,
  )
}
