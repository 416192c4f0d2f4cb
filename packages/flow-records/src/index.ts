/**
 * Records of the flows that clients open: rows, outcomes, and the collector that joins them. Pure.
 */
export { decideOutcome, type FlowFacts } from './decide-outcome.js'
export { EdgeEnd, EdgeFlow, type FlowTotals, type HopChange, HopFate, NO_HOP } from './edge-flow.js'
export {
  type BrokenFlows,
  EdgeRecorder,
  type EdgeRecorderOptions,
  type HopTable,
  type RehashedFlows,
} from './edge-recorder.js'
export { asEdgeRow, type EdgeRow, edgeRow } from './edge-row.js'
export { edgeFacts, flowFacts, type LbReport } from './flow-facts.js'
export {
  type FlowSelection,
  type FlowSession,
  FlowStore,
  type FlowStoreOptions,
  facts,
  type StoredFlow,
} from './flow-store.js'
export { noOutcomes, OUTCOME_NAMES, OUTCOME_OF_CLASS, OUTCOMES, type Outcome, type OutcomeCounts } from './outcomes.js'
export { asSessionRow, hasSession, SessionEvent, type SessionRow } from './session-row.js'
