/**
 * Probe client and its parts: requests at fixed times, and the LB and backend that carried each
 * connection.
 */
export { asProbeReport } from './as-probe-report.js'
export { errorCode } from './error-code.js'
export { chiSquareTail, type Evenness, evennessOf } from './evenness.js'
export { type BackendReport, FlowLedger, type FlowRecord, type LedgerSummary } from './flow-ledger.js'
export { HdrHistogram } from './hdr-histogram.js'
export { HdrLog } from './hdr-log.js'
export { type Outage, outagesOf } from './outages.js'
export { parseBackendReport } from './parse-backend-report.js'
export { percentileLines } from './percentile-lines.js'
export { COUNT_MAX, type ProbeOptions, type ProbeOutcome, runProbe } from './probe.js'
export type { ProbeReport } from './probe-report.js'
export { type Quantiles, quantilesOf } from './quantiles.js'
export { Recorder, type Slot } from './recorder.js'
export {
  type ClientRecovery,
  type ConnectionOutcome,
  type Recovery,
  type RecoverySummary,
  recoveriesOf,
  recoveriesPerClient,
  summarizeRecoveries,
} from './recovery.js'
export { renderReport } from './render.js'
export { Schedule } from './schedule.js'
export { SeededSources, type SeededSourcesOptions } from './seeded-sources.js'
export { SourcePool } from './source-pool.js'
export type { Source, Sources } from './sources.js'
