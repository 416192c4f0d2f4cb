import { FLOW_HASHES } from '@fivetuple/packet'
import { ECMP_SELECTION_NAMES } from '@fivetuple/switch/selections'
import * as Type from 'typebox'
import { type DeepReadonly, Name, optional, strict } from './schemas.js'

/** Most LBs of a cluster. */
export const LBS_MAX = 250
/** Most events whose predictions are kept. */
export const EVENTS_MAX = 64
export const SEED_MAX = 0xffff_ffff
export const SELECTIONS = [...ECMP_SELECTION_NAMES]
export const HASHES = Object.keys(FLOW_HASHES) as (keyof typeof FLOW_HASHES)[]

const lbs = optional(Type.Array(Name, { minItems: 1, maxItems: LBS_MAX, title: 'names of LBs, separated by commas' }))

/** Change whose effect is predicted: one or several of its fields. */
const change = {
  kill: lbs,
  add: lbs,
  drain: lbs,
  undrain: lbs,
  lbs: optional(Type.Integer({ minimum: 1, maximum: LBS_MAX, title: `a number from 1 to ${LBS_MAX}` })),
  setSelection: optional(Type.Enum(SELECTIONS)),
  setHash: optional(Type.Enum(HASHES)),
  setSeed: optional(Type.Integer({ minimum: 0, maximum: SEED_MAX, title: `a number from 0 to ${SEED_MAX}` })),
}
/** Parameters of `predict`. */
export const PredictParameters = strict({ ...change, selection: optional(Type.Enum([...SELECTIONS, 'all'])) })
export type PredictParameters = Type.Static<typeof PredictParameters>

/** Change whose effect on flows is predicted; at least one field is present. */
export type PredictedChange = DeepReadonly<Omit<PredictParameters, 'selection'>>
