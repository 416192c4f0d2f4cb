import type { EventPrediction } from '../../operations/prediction-schemas.js'
import { recordedOutcomes } from '../oracle/recorded-outcomes.js'
import type { LauncherParts } from '../parts.js'

/** Lists what was predicted and measured for the latest events, the newest first. */
export async function listPredictions(
  { plan, flows, predictions }: Pick<LauncherParts, 'plan' | 'flows' | 'predictions'>,
  limit: number,
): Promise<EventPrediction[]> {
  const followed = predictions.list(limit)
  if (flows !== undefined && followed.length > 0) await flows.flush()
  return followed.map((one) => ({
    ...one.event,
    recorded: flows === undefined ? null : recordedOutcomes({ ...plan, vips: one.vips }, flows.store, one),
  }))
}
