import { type LocalFailureCounters, newLocalFailureCounters } from './local-failure.js'

/** Totals of an edge since it started. */
export interface TcpEdgeCounters extends LocalFailureCounters {
  opened: number
  accepted: number
  refused: number
  reset: number
  timedOut: number
  /** Segments for which there was no flow; answered with RST. */
  unknown: number
  malformed: number
  /** New flows turned away because of `maxFlows`. */
  overLimit: number
  /**
   * New flows turned away because the one before them with the same five-tuple did not end in time.
   */
  tupleInUse: number
}

/** Counters at zero. */
export function newTcpEdgeCounters(): TcpEdgeCounters {
  return {
    opened: 0,
    accepted: 0,
    refused: 0,
    reset: 0,
    timedOut: 0,
    unknown: 0,
    malformed: 0,
    overLimit: 0,
    ...newLocalFailureCounters(),
    tupleInUse: 0,
  }
}
