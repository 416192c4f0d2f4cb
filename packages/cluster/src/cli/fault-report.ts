import type { Output } from '../operations/command.js'
import type { FaultReport } from '../operations/fault-report-schema.js'
import type { ClearedFaults, FaultList } from '../operations/fault-schemas.js'
import { table } from './table.js'
import { targeted } from './targeted.js'

/** Output of commands that inject or clear one fault. */
export const reportOutput: Output<FaultReport, never> = {
  text: (report, { block }) => renderFaultReport(report, block),
}

/** Output of `fivetuple faults list`. */
export const faultsOutput: Output<FaultList, never> = { text: (faults, { block }) => renderFaults(faults, block) }

/** Output of `fivetuple faults clear`. */
export const clearedOutput: Output<ClearedFaults, never> = {
  text: (cleared) => renderCleared(cleared),
  failure: ({ failed }) => (failed.length > 0 ? `${failed.length} could not be cleared` : undefined),
}

/**
 * Renders a report for people: what was done, what to watch, and how to undo it.
 * @param block CIDR that each command names if several clusters run
 */
function renderFaultReport({ summary, warnings, watch, undo }: FaultReport, block: string | undefined): string {
  const lines = [summary, ...warnings.map((warning) => `! ${warning}`), 'Watch:']
  for (const { command, expect } of watch) lines.push(`  ${targeted(command, block)}`, `      ${expect}`)
  if (undo !== null) lines.push('Undo:', `  ${targeted(undo, block)}`)
  return `${lines.join('\n')}\n`
}

/** Renders the injected faults. */
function renderFaults({ faults, unreachable }: FaultList, block: string | undefined): string {
  const rows = faults.map(({ description, undo }) => [description, targeted(undo, block)])
  const list = rows.length === 0 ? 'no faults are injected\n' : table([['FAULT', 'UNDO'], ...rows])
  return list + unreachable.map(({ name, reason }) => `! ${name}: ${reason}\n`).join('')
}

/** Renders the faults that were cleared. */
function renderCleared({ cleared, failed, warnings }: ClearedFaults): string {
  if (cleared.length + failed.length === 0) return 'no faults were injected\n'
  return [
    ...cleared.map(({ description }) => `cleared: ${description}\n`),
    ...failed.map(({ fault, reason }) => `! not cleared: ${fault.description}: ${reason}\n`),
    ...warnings.map((warning) => `! ${warning}\n`),
  ].join('')
}
