import * as Type from 'typebox'
import { Flag, list, nullable, optional, strict, Text, Unreachable, type Value } from './schemas.js'

/** A command that shows the effect of a fault, and what is expected when. */
const Watch = strict({ command: Text, expect: Text })
export type Watch = Value<typeof Watch>

/** What was done, and where its effect shows. */
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

export const LinkSide = Type.Enum(['uplink', 'downlink'])
export type LinkSide = Value<typeof LinkSide>
/** One or both links of an LB. */
export const LinkSides = Type.Enum(['uplink', 'downlink', 'both'], { title: 'uplink, downlink or both' })
export type LinkSides = Value<typeof LinkSides>

const described = {
  role: Text,
  /** A sentence without a full stop. */
  description: Text,
  /** Command that clears it. */
  undo: Text,
}
/** Behavior of one of our backends; what a change leaves out stays as it is. */
export const behavior = {
  delayMs: optional(Type.Number({ minimum: 0, maximum: 600_000, title: 'at most 600000 ms, ten minutes' })),
  failRatio: optional(Type.Number({ minimum: 0, maximum: 1 })),
  refuse: optional(Flag),
  stall: optional(Flag),
  healthz: optional(Type.Enum(['same', 'ok', 'failing'])),
}
const Behavior = strict(behavior)
/** A change of the behavior of a backend. */
export type BehaviorChange = Value<typeof Behavior>

/** A fault that is injected now. */
export const Fault = Type.Union([
  strict({ kind: Type.Literal('paused'), ...described }),
  strict({ kind: Type.Literal('kept-stopped'), ...described }),
  strict({ kind: Type.Literal('link-down'), side: LinkSide, ...described }),
  strict({
    kind: Type.Literal('misbehaving'),
    /** Fields that differ from normal behavior. */
    behavior: Behavior,
    ...described,
  }),
])
export type Fault = Value<typeof Fault>

export const FaultList = strict({ faults: list(Fault), unreachable: list(Unreachable) })
export type FaultList = Value<typeof FaultList>

export const ClearedFaults = strict({
  cleared: list(Fault),
  failed: list(strict({ fault: Fault, reason: Text })),
  /** What is still missing although all faults are cleared. */
  warnings: list(Text),
})
export type ClearedFaults = Value<typeof ClearedFaults>
