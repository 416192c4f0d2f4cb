import type { ClearedFaults, FaultList, FaultReport, RollingStep } from '../api/faults.js'
import { table } from './table.js'

/**
 * A report for people: what was done, what to look at, how to undo it.
 * @param block named in each command when there are several clusters to choose from
 */
export function renderFaultReport({ summary, warnings, watch, undo }: FaultReport, block: string | undefined): string {
  const lines = [summary, ...warnings.map((warning) => `! ${warning}`), 'Watch:']
  for (const { command, expect } of watch) lines.push(`  ${targeted(command, block)}`, `      ${expect}`)
  if (undo !== null) lines.push('Undo:', `  ${targeted(undo, block)}`)
  return `${lines.join('\n')}\n`
}

/** What is broken on purpose now. */
export function renderFaults({ faults, unreachable }: FaultList, block: string | undefined): string {
  const rows = faults.map(({ description, undo }) => [description, targeted(undo, block)])
  const list = rows.length === 0 ? 'no faults are injected\n' : table([['FAULT', 'UNDO'], ...rows])
  return list + unreachable.map(({ name, reason }) => `! ${name}: ${reason}\n`).join('')
}

/** What was undone. */
export function renderCleared({ cleared, failed, warnings }: ClearedFaults): string {
  if (cleared.length + failed.length === 0) return 'no faults were injected\n'
  return [
    ...cleared.map(({ description }) => `cleared: ${description}\n`),
    ...failed.map(({ fault, reason }) => `! not cleared: ${fault.description}: ${reason}\n`),
    ...warnings.map((warning) => `! ${warning}\n`),
  ].join('')
}

/** One line per step of a rolling restart. */
export function renderRollingStep(step: RollingStep): string {
  const at = `${(step.atMs / 1000).toFixed(1).padStart(5)} s  `
  switch (step.step) {
    case 'draining':
      return `${at}${step.lb}: draining, ${step.sessions} sessions\n`
    case 'restarting':
      return `${at}${step.lb}: restarting${step.sessions === 0 ? '' : `, ${step.sessions} sessions end`}\n`
    case 'routed':
      return `${at}${step.lb}: back after ${step.tookMs} ms, carries ${step.vips.join(', ') || 'no VIP'}\n`
    case 'carrying':
      return `${at}${step.lb}: ${step.newFlows === 0 ? 'no new flow has come' : 'has new flows'}\n`
    case 'done':
      return `${at}done: ${step.lbs.length} LBs\n`
    case 'failed':
      return `${at}${step.lb}: failed: ${step.reason}\n`
  }
}

function targeted(command: string, block: string | undefined): string {
  return block !== undefined && command.startsWith('fivetuple ') ? `${command} --block ${block}` : command
}
