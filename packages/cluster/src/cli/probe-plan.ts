import type { SeededSources } from '@fivetuple/client'
import { clusterClient } from '../api/client.js'
import { LISTED_FLOWS_MAX } from '../operations/evenness-parameters.js'
import type { Evenness } from '../operations/evenness-schemas.js'
import { CliError } from './cli-error.js'
import { renderEvenness } from './evenness-report.js'
import type { ProbeFlags, ProbeSettings } from './probe-flags.js'
import type { ProbeTarget } from './probe-targets.js'
import { targetRecord } from './target.js'

/** A target with the sources of its connections. */
export interface PlannedProbe {
  readonly target: ProbeTarget
  /** undefined: the kernel chooses. */
  readonly sources: SeededSources | undefined
}

/** Prints the five-tuples of first flows, and the LB that each takes if it begins now. */
export async function printPlan(
  probes: readonly PlannedProbe[],
  { connections, count, block }: ProbeSettings,
  { seed, from }: { readonly seed: number | undefined; readonly from: string | undefined },
  { json }: ProbeFlags,
): Promise<void> {
  const opened = connections === 'new' ? count : Math.min(connections, count)
  const flows = probes.flatMap(({ target: { name, vip, url }, sources }) => {
    if (vip === undefined || sources === undefined)
      throw new CliError(`${name} is no VIP of a running cluster, so its flows can't be explained`, 2)
    const protocol: 'tcp' | 'udp' = url.protocol === 'udp:' ? 'udp' : 'tcp'
    return sources
      .first(Math.min(opened, LISTED_FLOWS_MAX))
      .map(({ address, port }) => ({ client: `${address}:${port}`, vip, protocol }))
  })
  if (flows.length > LISTED_FLOWS_MAX || opened > LISTED_FLOWS_MAX)
    throw new CliError(
      `these are ${opened * probes.length} flows, and --plan lists at most ${LISTED_FLOWS_MAX}: reduce --count or --connections`,
      2,
    )
  const listed = await clusterClient(targetRecord(block)).run('evenness', { flows, each: true })
  const plan: Evenness = { ...listed, seed: seed ?? null, from: from ?? null }
  process.stdout.write(json === true ? `${JSON.stringify(plan)}\n` : renderEvenness(plan))
}
