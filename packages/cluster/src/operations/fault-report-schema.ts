import * as Type from 'typebox'
import { list, nullable, strict, Text, type Value } from './schemas.js'

/** Command that shows the effect of a fault, and the expected effect with its time. */
const Watch = strict({ command: Text, expect: Text })
export type Watch = Value<typeof Watch>

const effectFields = {
  /** A sentence without a full stop. */
  summary: Text,
  /** Further effects. */
  warnings: list(Text),
  watch: list(Watch),
  /** Command that undoes it; null: nothing is left to undo. */
  undo: nullable(Text),
}

/** Effect of a change, and where it shows. */
const EffectReport = strict(effectFields)
export type EffectReport = Value<typeof EffectReport>

/** Fault that was injected, as `faults.list` has it. */
const InjectedFault = strict({
  id: Text,
  seed: nullable(Type.Integer()),
  /** Time of day at which it ends by itself; null: it lasts until it is cleared. */
  endsAt: nullable(Text),
})

/** Report of an injected or cleared fault, and where its effect shows. */
export const FaultReport = strict({
  ...effectFields,
  /** Faults that are injected by this request; none if it clears. */
  injected: list(InjectedFault),
})
export type FaultReport = Value<typeof FaultReport>
