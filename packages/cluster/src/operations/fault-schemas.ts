import * as Type from 'typebox'
import { FAULT_SCHEMAS } from '../launcher/faults/registry.js'
import { list, strict, Text, Unreachable, type Value } from './schemas.js'

/** Fault that is injected now. */
export const Fault = Type.Union(FAULT_SCHEMAS)
export type Fault = Value<typeof Fault>

export const FaultList = strict({ faults: list(Fault), unreachable: list(Unreachable) })
export type FaultList = Value<typeof FaultList>

export const ClearedFaults = strict({
  cleared: list(Fault),
  failed: list(strict({ fault: Fault, reason: Text })),
  /** Missing routes and roles although all faults are cleared. */
  warnings: list(Text),
})
export type ClearedFaults = Value<typeof ClearedFaults>
