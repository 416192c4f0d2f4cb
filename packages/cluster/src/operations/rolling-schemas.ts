import * as Type from 'typebox'
import { Count, list, Ms, strict, Text, type Value } from './schemas.js'

const step = <S extends string, F extends Record<string, Type.TSchema>>(name: S, fields: F) =>
  strict({ atMs: Ms, step: Type.Literal(name), ...fields })
const failed = step('failed', { lb: Text, reason: Text })
const done = step('done', { lbs: list(Text) })

/** Step of a rolling restart; `atMs` counts from its start. */
export const RollingProgress = Type.Union([
  step('draining', { lb: Text, sessions: Count }),
  /** The LB is stopped in order and started; its remaining sessions end. */
  step('restarting', { lb: Text, sessions: Count }),
  /** The LB is ready and all its routes are back. */
  step('routed', { lb: Text, vips: list(Text), tookMs: Ms }),
  /** The LB has new flows; 0: none has come for a while. */
  step('carrying', { lb: Text, newFlows: Count }),
])
/** Result. `failed`: one LB did not come back, and the LBs after it were not restarted. */
export const RollingResult = Type.Union([done, failed])
export type RollingProgress = Value<typeof RollingProgress>
export type RollingResult = Value<typeof RollingResult>
