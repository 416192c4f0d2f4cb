import { type ProbeReport, recoveriesPerClient, renderReport } from '@fivetuple/client'

/** Report of all targets. */
export interface ProbesReport {
  /** Seed of the sources, and their pool; null: the kernel chose them. */
  readonly seed: number | null
  readonly from: string | null
  readonly targets: readonly { readonly name: string; readonly report: ProbeReport }[]
}

/** Renders the reports of all targets for people, or as one line of JSON. */
export function renderProbes(
  { seed, from, targets }: ProbesReport,
  { json, flows }: { readonly json?: boolean; readonly flows?: boolean },
): string {
  if (json === true) {
    const parts = targets.map(({ name, report }) => ({ name, ...(flows === true ? withLists(report) : brief(report)) }))
    return `${JSON.stringify({ seed, from, targets: parts })}\n`
  }
  const source = seed === null ? 'sources by the kernel' : `seed ${seed}, sources from ${from}`
  return targets.map(({ name, report }) => `${name}, ${report.url}, ${source}\n${renderReport(report)}`).join('\n')
}

function brief({ flowList: _flows, recoveryList: _recoveries, takenList: _taken, ...rest }: ProbeReport) {
  return rest
}

/** The report with all its lists, and the recoveries of each client. */
function withLists(report: ProbeReport) {
  const addresses = new Map<number, string>()
  for (const { connection, local } of report.flowList) {
    if (!addresses.has(connection)) addresses.set(connection, local.slice(0, local.lastIndexOf(':')))
  }
  const clientOf = (connection: number): string => addresses.get(connection) ?? `connection ${connection}`
  return { ...report, clientList: recoveriesPerClient(report.recoveryList, clientOf) }
}
