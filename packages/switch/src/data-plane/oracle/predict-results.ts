import { FLOW_HASHES } from '@fivetuple/packet'
import type { EcmpConfig } from '../../config.js'
import type { FlowShift, PredictRequest, PredictResult } from '../../contract.js'
import type { Fib } from '../fib/fib.js'
import type { RoutingState } from '../select-route.js'
import { type ExpectedShare, expectedShares } from './expected-shares.js'
import { useAll } from './flow-shifts.js'
import { changedRoute } from './next-hop-change.js'
import { predictShifts, selectionOf } from './oracle.js'
import { sampleFlows } from './sample-flows.js'
import { NOT_DIVERTED, underSelection } from './what-if.js'

/** Switch as its control plane sees it. */
interface Switch {
  /** Router address. */
  readonly address: number
  readonly ecmp: EcmpConfig
  readonly fib: Fib
}

/**
 * Completes a prediction: counts over made-up flows if there are no flows, and the closed formula.
 * Yields where packets may be forwarded.
 *
 * @param shifts of established flows, per selection of the request
 */
export function* predictResults(
  request: PredictRequest,
  shifts: readonly (readonly FlowShift[])[],
  { address, ecmp, fib }: Switch,
): Generator<undefined, PredictResult[], undefined> {
  const state: RoutingState = {
    address,
    hash: FLOW_HASHES[ecmp.hash],
    seed: ecmp.seed,
    fib,
    diverted: NOT_DIVERTED,
    isUp: () => true,
  }
  const sampled = yield* sampledShifts(request, shifts, state, ecmp)
  const results: PredictResult[] = []
  for (const [i, selection] of request.selections.entries()) {
    results.push({
      selection,
      shifts: [...(shifts[i] ?? [])],
      sampled: sampled.flatMap((ofService) => ofService[i]!),
      expected: yield* expected(request, selection, fib, ecmp),
    })
  }
  return results
}

/** Returns the shifts of made-up flows, per service and selection; none if there are flows. */
function* sampledShifts(
  request: PredictRequest,
  shifts: readonly (readonly FlowShift[])[],
  state: RoutingState,
  ecmp: EcmpConfig,
): Generator<undefined, FlowShift[][][], undefined> {
  const { sample, nextHops } = request
  if (sample === null || (shifts[0]?.length ?? 0) > 0) return []
  const perService: FlowShift[][][] = []
  for (const service of sample.services) {
    const flows = sampleFlows({ pool: sample.pool, size: sample.flows, service })
    // Buckets of the running table may never have been used, so each table is built anew, and the
    // flows use it.
    const vips = nextHops.map(({ vip }) => vip)
    const fresh = underSelection(state, selectionOf(ecmp.selection, ecmp), vips)
    yield* useAll(flows, fresh, vips)
    const perSelection = yield* predictShifts(request, flows, fresh, ecmp)
    perService.push(perSelection.map((ofSelection) => [...ofSelection]))
  }
  return perService
}

/** Returns the closed formula per VIP. VIPs with the same next hops share one computation. */
function* expected(
  { nextHops, selection, hash, seed }: PredictRequest,
  name: PredictResult['selection'],
  fib: Fib,
  ecmp: EcmpConfig,
): Generator<undefined, PredictResult['expected'], undefined> {
  const before = selectionOf(name, ecmp)
  const after = selectionOf(selection ?? name, ecmp)
  const isRehashed = (hash !== null && hash !== ecmp.hash) || (seed !== null && seed !== ecmp.seed)
  const known = new Map<string, ExpectedShare[]>()
  const perVip: { vip: number; nextHops: ExpectedShare[] }[] = []
  for (const change of nextHops) {
    const route = fib.lookup(change.vip)?.route
    if (route === undefined) continue
    const then = changedRoute(route, change)?.nextHops ?? []
    const key = `${route.nextHops.join()} ${then.join()}`
    let shares = known.get(key)
    if (shares === undefined) {
      const [from, to] = [
        { selection: before, nextHops: route.nextHops },
        { selection: after, nextHops: then },
      ] as const
      shares = expectedShares(from, to, { isRehashed, buckets: ecmp.buckets })
      known.set(key, shares)
      yield
    }
    perVip.push({ vip: change.vip, nextHops: shares })
  }
  return perVip
}
