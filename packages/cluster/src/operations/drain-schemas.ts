import { Count, Flag, list, Ms, mapOf, strict, Text, type Value } from './schemas.js'

/** Time since the drain was requested. */
const elapsed = { elapsedMs: Ms }

const lbState = {
  lb: Text,
  draining: Flag,
  /** Sessions that the drain waits for: all of TCP, and those of UDP that no other LB takes. */
  sessions: Count,
  /** VIPs whose new flows still come while it drains, since no other LB takes them. */
  onlyCarrierOf: list(Text),
}
/** Progress of the drain of an LB. */
export const LbDrain = strict(lbState)
export const LbDrainProgress = strict({ ...lbState, ...elapsed })
export type LbDrain = Value<typeof LbDrain>
export type LbDrainProgress = Value<typeof LbDrainProgress>

const backendState = {
  backend: Text,
  draining: Flag,
  /** Sessions of all LBs that the drain waits for. */
  sessions: Count,
  sessionsPerLb: mapOf(Count),
}
/** Progress of the drain of a backend. */
export const BackendDrain = strict(backendState)
export const BackendDrainProgress = strict({ ...backendState, ...elapsed })
export type BackendDrain = Value<typeof BackendDrain>
export type BackendDrainProgress = Value<typeof BackendDrainProgress>
