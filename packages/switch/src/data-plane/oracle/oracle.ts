import { FLOW_HASHES } from '@fivetuple/packet'
import type { EcmpConfig } from '../../config.js'
import type { FlowShift, PredictRequest } from '../../contract.js'
import { ECMP_SELECTIONS, type EcmpSelectionName } from '../ecmp/registry.js'
import type { EcmpSelection } from '../ecmp/selection.js'
import type { RoutingState } from '../select-route.js'
import { type EdgeFlow, FlowList } from './flow-list.js'
import { type Flows, flowShifts, useAll } from './flow-shifts.js'
import { type BeforeAndAfter, underSelection, whatIf } from './what-if.js'

/** Most lists of flows that are kept at once, of 12 bytes a flow. */
const KEPT_MAX = 8

/**
 * Predicts the effect of changes on the established flows of an edge, and measures it. Generators
 * yield where packets may be forwarded.
 */
export class Oracle {
  readonly #ecmp: EcmpConfig
  readonly #live: RoutingState
  readonly #ports: readonly number[]
  /** By id, the oldest first. */
  readonly #kept = new Map<number, FlowList>()

  /** @param live state of the forwarder; @param ports ids of its ports */
  constructor(ecmp: EcmpConfig, live: RoutingState, ports: readonly number[]) {
    this.#ecmp = ecmp
    this.#live = live
    this.#ports = ports
  }

  /**
   * Returns the shifts of flows per selection of the request: of kept flows, or of `established`.
   * If the kept flows are gone, there are none.
   */
  *predict(
    request: PredictRequest,
    established: Iterable<EdgeFlow>,
  ): Generator<undefined, readonly (readonly FlowShift[])[], undefined> {
    const flows = request.kept === null ? this.#list(established) : this.#kept.get(request.kept)
    if (flows === undefined) return request.selections.map(() => [])
    return yield* predictShifts(request, flows, flows.state, this.#ecmp)
  }

  /** Keeps flows and their next hops of now; returns their number. */
  keep(id: number, established: Iterable<EdgeFlow>): number {
    const flows = this.#list(established)
    this.#kept.delete(id)
    this.#kept.set(id, flows)
    if (this.#kept.size > KEPT_MAX) this.#kept.delete(this.#kept.keys().next().value!)
    return flows.size
  }

  /** Returns the shifts of kept flows from then to now, and deletes them. */
  *measure(id: number): Generator<undefined, readonly FlowShift[] | null, undefined> {
    const flows = this.#kept.get(id)
    if (flows === undefined) return null
    this.#kept.delete(id)
    // Flows that end meanwhile change diversions, so the state of now is copied as well.
    const now = flows.under(this.#live, this.#ports)
    return yield* flowShifts(bothAt(flows, now), flows.state, now.state)
  }

  #list(established: Iterable<EdgeFlow>): FlowList {
    return FlowList.of(established, this.#live, this.#ports)
  }
}

/** Returns the shifts of flows per selection of a request. */
export function* predictShifts(
  request: PredictRequest,
  flows: Flows,
  state: RoutingState,
  ecmp: EcmpConfig,
): Generator<undefined, readonly (readonly FlowShift[])[], undefined> {
  const perSelection: (readonly FlowShift[])[] = []
  for (const name of request.selections) {
    const { before, after } = yield* beforeAndAfter(request, name, flows, state, ecmp)
    perSelection.push(yield* flowShifts(flows, before, after))
  }
  return perSelection
}

/** Returns the state before and after the change of a request, under a selection. */
function* beforeAndAfter(
  { nextHops, selection, hash, seed }: PredictRequest,
  name: EcmpSelectionName,
  flows: Flows,
  state: RoutingState,
  ecmp: EcmpConfig,
): Generator<undefined, BeforeAndAfter, undefined> {
  const vips = nextHops.map(({ vip }) => vip)
  const before = name === ecmp.selection ? state : underSelection(state, selectionOf(name, ecmp), vips)
  // A table of buckets that is built anew knows no use, but the flows would have used it.
  if (before !== state) yield* useAll(flows, before, vips)
  return whatIf(before, {
    nextHops,
    selection: selection === null ? undefined : selectionOf(selection, ecmp),
    hash: hash === null ? undefined : FLOW_HASHES[hash],
    seed: seed ?? undefined,
  })
}

/** Returns a selection of its own, which shares nothing with the one that forwards. */
export function selectionOf(name: EcmpSelectionName, ecmp: EcmpConfig): EcmpSelection {
  return ECMP_SELECTIONS[name](ecmp)
}

/** Flows of two lists of the same flows, with the states of both. */
function bothAt(a: FlowList, b: FlowList): Flows {
  return {
    size: a.size,
    at: (index) => {
      b.at(index)
      return a.at(index)
    },
  }
}
