/**
 * Probe client and its parts: requests at fixed times, and the LB and backend that carried each
 * connection.
 */
export { errorCode } from './error-code.js'
export { type BackendReport, FlowLedger, type FlowRecord, type LedgerSummary } from './flow-ledger.js'
export { type Outage, outagesOf } from './outages.js'
export { parseBackendReport } from './parse-backend-report.js'
export { type ProbeOptions, type ProbeOutcome, type ProbeReport, runProbe } from './probe.js'
export { type Quantiles, quantilesOf } from './quantiles.js'
export { Recorder, type Slot } from './recorder.js'
export { renderReport } from './render.js'
export { Schedule } from './schedule.js'
export { SourcePool } from './source-pool.js'
