import { FLOW_HASHES } from '@fivetuple/packet'
import type { EcmpConfig } from '../../config.js'
import type { FlowShift, PredictRequest, PredictResult } from '../../contract.js'
import type { Fib } from '../fib/fib.js'
import type { RoutingState } from '../select-route.js'
import { expectedShares } from './expected-shares.js'
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
 * @param shifts of established flows, per selection of the request
 */
export function predictResults(
  request: PredictRequest,
  shifts: readonly (readonly FlowShift[])[],
  { address, ecmp, fib }: Switch,
): PredictResult[] {
  const state: RoutingState = {
    address,
    hash: FLOW_HASHES[ecmp.hash],
    seed: ecmp.seed,
    fib,
    diverted: NOT_DIVERTED,
    isUp: () => true,
  }
  const sampled = sampledShifts(request, shifts, state, ecmp)
  return request.selections.map((selection, i) => ({
    selection,
    shifts: [...(shifts[i] ?? [])],
    sampled: sampled.flatMap((ofService) => ofService[i]!),
    expected: expected(request, selection, fib, ecmp),
  }))
}

/** Returns the shifts of made-up flows, per service and selection; none if there are flows. */
function sampledShifts(
  request: PredictRequest,
  shifts: readonly (readonly FlowShift[])[],
  state: RoutingState,
  ecmp: EcmpConfig,
): FlowShift[][][] {
  const { sample, nextHops } = request
  if (sample === null || (shifts[0]?.length ?? 0) > 0) return []
  return sample.services.map((service) => {
    const flows = sampleFlows({ pool: sample.pool, size: sample.flows, service })
    // Buckets of the running table may never have been used, so each table is built anew, and the
    // flows use it.
    const vips = nextHops.map(({ vip }) => vip)
    const fresh = underSelection(state, selectionOf(ecmp.selection, ecmp), vips)
    useAll(flows, fresh)
    return finished(predictShifts(request, flows, fresh, ecmp)).map((ofSelection) => [...ofSelection])
  })
}

function expected(
  { nextHops, selection, hash, seed }: PredictRequest,
  name: PredictResult['selection'],
  fib: Fib,
  ecmp: EcmpConfig,
): PredictResult['expected'] {
  const before = selectionOf(name, ecmp)
  const after = selectionOf(selection ?? name, ecmp)
  const isRehashed = (hash !== null && hash !== ecmp.hash) || (seed !== null && seed !== ecmp.seed)
  return nextHops.flatMap((change) => {
    const route = fib.lookup(change.vip)?.route
    if (route === undefined) return []
    const then = changedRoute(route, change)?.nextHops ?? []
    const shares = expectedShares(
      { selection: before, nextHops: route.nextHops },
      { selection: after, nextHops: then },
      { isRehashed, buckets: ecmp.buckets },
    )
    return [{ vip: change.vip, nextHops: shares }]
  })
}

/** Runs steps without a pause. */
function finished<R>(steps: Generator<undefined, R, undefined>): R {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}
