import { type BfdStatus, diagnosticText } from '@fivetuple/bfd'
import type { BfdSessionStatus } from '../schemas.js'
import type { BfdPeer } from './bfd-peer.js'

/** Times and counters of a session beside its machine. */
export interface BfdSessionRecord {
  stateSince: number
  lastDown: { readonly reason: string; readonly at: number } | undefined
  overBudget: number
  sendErrors: number
}

/** Returns the status of a session. @param now ms */
export function bfdSessionStatus(
  { name, address, multihop, multiplier, authentication }: BfdPeer,
  status: BfdStatus,
  { stateSince, lastDown, overBudget, sendErrors }: BfdSessionRecord,
  now: number,
): BfdSessionStatus {
  const { counters, state, transmitIntervalMs } = status
  return {
    neighbor: name,
    address,
    multihop,
    state,
    remoteState: status.remoteState,
    path: status.path,
    diagnostic: diagnosticText(status.diagnostic),
    remoteDiagnostic: diagnosticText(status.remoteDiagnostic),
    transmitIntervalMs: Number.isFinite(transmitIntervalMs) ? transmitIntervalMs : null,
    detectionTimeMs: status.detectionTimeMs,
    detectMultiplier: multiplier,
    authentication: authentication?.type ?? 'none',
    stateMs: now - stateSince,
    upMs: state === 'up' ? now - stateSince : null,
    downs: counters.failures,
    lastDown: lastDown === undefined ? null : { reason: lastDown.reason, agoMs: now - lastDown.at },
    excusedLags: counters.excusedLags,
    finalsSuppressed: counters.finalsSuppressed,
    demandRefused: counters.demandRefused,
    sent: counters.sent,
    received: counters.received,
    discarded: overBudget === 0 ? counters.discarded : { ...counters.discarded, 'over-budget': overBudget },
    sendErrors,
  }
}
