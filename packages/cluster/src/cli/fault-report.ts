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
function renderFaultReport(
  { summary, warnings, watch, undo, injected }: FaultReport,
  block: string | undefined,
): string {
  const lines = [summary, ...warnings.map((warning) => `! ${warning}`), 'Watch:']
  for (const { command, expect } of watch) lines.push(`  ${targeted(command, block)}`, `      ${expect}`)
  if (undo !== null) lines.push('Undo:', `  ${targeted(undo, block)}`)
  for (const { id, endsAt } of injected)
    if (undo !== null && (undo !== `fivetuple faults clear ${id}` || endsAt !== null))
      lines.push(`      fault ${id}${endsAt === null ? '' : ` ends by itself in ${inWords(untilMs(endsAt))}`}`)
  return `${lines.join('\n')}\n`
}

/** Renders the injected faults. */
function renderFaults({ faults, unreachable }: FaultList, block: string | undefined): string {
  const rows = faults.map(({ id, startedAt, endsAt, author, description, undo }) => [
    id,
    inWords(-untilMs(startedAt)),
    endsAt === null ? '-' : inWords(untilMs(endsAt)),
    author,
    description,
    targeted(undo, block),
  ])
  const heads = ['ID', 'AGE', 'ENDS IN', 'BY', 'FAULT', 'UNDO']
  const list = rows.length === 0 ? 'no faults are injected\n' : table([heads, ...rows])
  return list + unreachable.map(({ name, reason }) => `! ${name}: ${reason}\n`).join('')
}

/** Returns the time until a time of day, ms; negative: it is past. */
function untilMs(time: string): number {
  return Date.parse(time) - Date.now()
}

/** Renders a duration with its two largest units, as in `2m 5s`. */
function inWords(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000))
  const [h, m] = [Math.floor(s / 3_600), Math.floor(s / 60) % 60]
  if (h > 0) return `${h}h ${m}m`
  return m > 0 ? `${m}m ${s % 60}s` : `${s}s`
}

/** Renders the faults that were cleared. */
function renderCleared({ cleared, failed, warnings }: ClearedFaults): string {
  if (cleared.length + failed.length === 0) return 'no faults were injected\n'
  return [
    ...cleared.map(({ id, description }) => `cleared: ${description} (${id})\n`),
    ...failed.map(({ fault, reason }) => `! not cleared: ${fault.description} (${fault.id}): ${reason}\n`),
    ...warnings.map((warning) => `! ${warning}\n`),
  ].join('')
}
