import { list, nullable, strict, Text, type Value } from './schemas.js'

/** Command that shows the effect of a fault, and the expected effect with its time. */
const Watch = strict({ command: Text, expect: Text })
export type Watch = Value<typeof Watch>

/** Report of an injected fault, and where its effect shows. */
export const FaultReport = strict({
  /** A sentence without a full stop. */
  summary: Text,
  /** Further effects. */
  warnings: list(Text),
  watch: list(Watch),
  /** Command that undoes it; null: nothing is left to undo. */
  undo: nullable(Text),
})
export type FaultReport = Value<typeof FaultReport>
