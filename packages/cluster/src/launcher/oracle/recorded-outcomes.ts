import { EdgeEnd, type FlowStore, facts, noOutcomes, type StoredFlow } from '@fivetuple/flow-records'
import { IpProtocol, parseIpv4 } from '@fivetuple/packet'
import type { RecordedVip } from '../../operations/prediction-schemas.js'
import type { ClusterPlan, VipPlan } from '../../plan/plan.js'
import type { FollowedEvent } from './event-predictions.js'
import { lbAt, tcpVips } from './request.js'

type Class = 'directLoss' | 'collateral' | 'unaffected' | 'endedBefore'

/**
 * Returns the flows of an event per VIP by their records: the next hop at its beginning and after
 * it, as the client edge has recorded them, and the outcome of each flow until now. Flows that have
 * been dropped from the store are missing.
 */
export function recordedOutcomes(
  plan: Pick<ClusterPlan, 'uplink' | 'vips'>,
  store: Pick<FlowStore, 'select'>,
  { change, keptAt, changedAt }: Pick<FollowedEvent, 'change' | 'keptAt' | 'changedAt'>,
): RecordedVip[] {
  if (changedAt === null) return []
  return tcpVips(plan).flatMap((vip): RecordedVip[] => {
    const { flows } = store.select({ vip: serviceOf(vip), since: keptAt }, Number.POSITIVE_INFINITY)
    const ofEvent = flows.filter((flow) => wasEstablished(flow, keptAt))
    if (ofEvent.length === 0) return []
    const counts: Record<Class, number> = { directLoss: 0, collateral: 0, unaffected: 0, endedBefore: 0 }
    const outcomes = {
      directLoss: noOutcomes(),
      collateral: noOutcomes(),
      unaffected: noOutcomes(),
      endedBefore: noOutcomes(),
    }
    for (const flow of ofEvent) {
      const from = portAt(flow, keptAt)
      const isGone = change.kill?.includes(lbAt(plan, from)) ?? false
      const of = isGone ? 'directLoss' : from !== portAt(flow, changedAt) ? 'collateral' : stayed(flow, changedAt)
      counts[of]++
      outcomes[of][flow.outcome]++
    }
    return [{ vip: vip.name, flows: ofEvent.length, ...counts, outcomes }]
  })
}

function serviceOf({ address, port }: VipPlan) {
  return { address: parseIpv4(address)!, port, protocol: IpProtocol.TCP }
}

/** True if a TCP flow was established before a time and ended after it, ms. */
function wasEstablished({ row, offsetMs }: StoredFlow, at: number): boolean {
  const { isEstablished, openedAt, end, endedAt } = facts(row)
  return isEstablished && openedAt + offsetMs <= at && (end === EdgeEnd.OPEN || endedAt + offsetMs >= at)
}

/** Class of a flow whose next hop has not changed by a time, ms. */
function stayed({ row, offsetMs }: StoredFlow, changedAt: number): Class {
  const { end, endedAt } = facts(row)
  return end !== EdgeEnd.OPEN && endedAt + offsetMs < changedAt ? 'endedBefore' : 'unaffected'
}

/** Returns the port of a flow's next hop at a time, ms. */
function portAt({ row, offsetMs }: StoredFlow, time: number): number {
  const { home, changes } = facts(row)
  let port = home
  for (let i = 0; i < changes.length && changes[i]! + offsetMs <= time; i += 3) port = changes[i + 1]!
  return port
}
