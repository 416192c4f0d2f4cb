import type { EcmpSelectionName } from '@fivetuple/switch'
import { ECMP_SELECTION_NAMES } from '@fivetuple/switch/selections'
import type { PredictedChange } from '../../operations/predict-parameters.js'
import type { Prediction, SelectionOutcomes } from '../../operations/prediction-schemas.js'
import { vipOutcomes } from '../oracle/outcomes.js'
import { describeChange, predictRequest, sampleSize, tcpVips } from '../oracle/request.js'
import type { LauncherParts } from '../parts.js'

type Parts = Pick<LauncherParts, 'plan' | 'roles' | 'view'>

/**
 * Returns the outcomes of established flows after a change. Changes nothing.
 * @param selection as if the cluster had always run it; 'all': each; undefined: the running one
 */
export async function predictOutcomes(
  { plan, roles, view }: Parts,
  change: PredictedChange,
  selection: EcmpSelectionName | 'all' | undefined,
): Promise<Prediction> {
  const { uplink } = plan
  const running = uplink.ecmp.selection
  const all = ECMP_SELECTION_NAMES
  const request = predictRequest(plan, change, selection === 'all' ? all : [selection ?? running])
  const results = await roles.switch(uplink.name)('predict', request)
  const selections = results.map(
    (result): SelectionOutcomes => ({
      selection: result.selection,
      isRunning: result.selection === running,
      vips: vipOutcomes(plan, request, result),
    }),
  )
  return {
    change: describeChange(change),
    hash: uplink.ecmp.hash,
    seed: uplink.ecmp.seed,
    selections,
    notes: notes({ plan, view }, change, selections),
  }
}

/** Returns restrictions of a prediction, in words. */
function notes(
  { plan, view }: Pick<Parts, 'plan' | 'view'>,
  change: PredictedChange,
  selections: readonly SelectionOutcomes[],
): string[] {
  const { kill = [], add = [], drain = [], lbs } = change
  const { vips, uplink, clientPool } = plan
  const isRouted = (lb: string): boolean => vips.some(({ address }) => view.lbsVia(address).includes(lb))
  const predicted = selections[0]?.vips ?? []
  const isSample = predicted.some(({ basis }) => basis === 'sample')
  const without = tcpVips(plan).filter(({ name }) => !predicted.some(({ vip }) => vip === name))
  const udp = vips.filter(({ protocol }) => protocol === 'udp').map(({ name }) => name)
  const adds = add.length > 0 || (lbs ?? 0) > plan.lbs.length
  const idleS = uplink.ecmp.idleTimerMs / 1_000
  return [
    ...(isSample
      ? [
          `no flow is established: ${sampleSize(plan)} made-up flows of clients in ${clientPool} to each VIP are counted instead`,
        ]
      : []),
    ...without.map(({ name }) => `${name} has no ${isSample ? 'route' : 'established flow'}`),
    ...kill.filter((lb) => !isRouted(lb)).map((lb) => `${lb} has no route now, so nothing changes when it goes`),
    ...drain.map((lb) => `${lb} keeps its flows while it drains; new flows go to other LBs`),
    ...(adds && selections.some(({ selection }) => selection === 'resilient')
      ? [`resilient: an LB that joins gets buckets as they become idle (${idleS} s); flows in them move then`]
      : []),
    ...udp.map((vip) => `${vip} is a UDP service and not predicted`),
  ]
}
