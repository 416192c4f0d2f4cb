import * as Type from 'typebox'
import { Count, list, Ms, strict, Text, type Value } from './schemas.js'

const step = <S extends string, F extends Record<string, Type.TSchema>>(name: S, fields: F) =>
  strict({ atMs: Ms, step: Type.Literal(name), ...fields })
const failed = step('failed', { lb: Text, reason: Text })
const done = step('done', { lbs: list(Text) })

/** One step of a rolling restart; `atMs` counts from its start. */
export const RollingProgress = Type.Union([
  step('draining', { lb: Text, sessions: Count }),
  /** It is stopped in order and started; the sessions that it still has end with it. */
  step('restarting', { lb: Text, sessions: Count }),
  /** It is ready and all its routes are back. */
  step('routed', { lb: Text, vips: list(Text), tookMs: Ms }),
  /** It has new flows; 0: none has come for a while. */
  step('carrying', { lb: Text, newFlows: Count }),
])
/** `failed`: one LB did not come back, and those after it were not restarted. */
export const RollingResult = Type.Union([done, failed])
export type RollingProgress = Value<typeof RollingProgress>
export type RollingResult = Value<typeof RollingResult>
