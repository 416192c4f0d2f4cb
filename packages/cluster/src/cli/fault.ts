import type { Behavior } from '@fivetuple/backend'
import type { CableSides, FaultReport } from '../api/faults.js'
import { CliError } from './cli-error.js'
import { renderCleared, renderFaultReport, renderFaults, renderRollingStep } from './fault-report.js'
import { targetCluster } from './target.js'

interface FaultOptions {
  readonly block?: string
  readonly json?: boolean
}

/** `fivetuple kill`. */
export async function kill(role: string, options: FaultOptions & { readonly hold?: boolean }): Promise<void> {
  print(await targetCluster(options.block).kill(role, options.hold ?? false), options)
}

/** `fivetuple hang`, `resume`, `start` and `restart`; the last two are done when routes are back. */
export async function actOnRole(
  action: 'hang' | 'resume' | 'start' | 'restart',
  role: string,
  options: FaultOptions,
): Promise<void> {
  print(await targetCluster(options.block)[action](role), options)
}

/** `fivetuple cable cut` and `cable restore`; the latter is done when routes are back. */
export async function setCable(cut: boolean, lb: string, sides: CableSides, options: FaultOptions): Promise<void> {
  const api = targetCluster(options.block)
  print(await (cut ? api.cutCables(lb, sides) : api.restoreCables(lb, sides)), options)
}

/** `fivetuple backend slow`, `fail`, `hang` and `refuse`: each adds to what was asked of it before. */
export async function misbehave(backend: string, change: Partial<Behavior>, options: FaultOptions): Promise<void> {
  print(await targetCluster(options.block).misbehave(backend, change), options)
}

/** `fivetuple backend heal`. */
export async function heal(backend: string, options: FaultOptions): Promise<void> {
  print(await targetCluster(options.block).heal(backend), options)
}

/** `fivetuple faults list`. */
export async function listFaults({ block, json }: FaultOptions): Promise<void> {
  const faults = await targetCluster(block).faults()
  process.stdout.write(json ? `${JSON.stringify(faults)}\n` : renderFaults(faults, block))
}

/** `fivetuple faults clear`: fails when something could not be undone. */
export async function clearFaults({ block, json }: FaultOptions): Promise<void> {
  const cleared = await targetCluster(block).clearFaults()
  process.stdout.write(json ? `${JSON.stringify(cleared)}\n` : renderCleared(cleared))
  if (cleared.failed.length > 0) throw new CliError(`${cleared.failed.length} could not be undone`)
}

/** `fivetuple rolling-restart`: one line per step; fails when an LB does not come back. */
export async function rollingRestart({ block, json, drain }: FaultOptions & { readonly drain: number }): Promise<void> {
  let isDone = false
  for await (const step of targetCluster(block).rollingRestart(drain)) {
    process.stdout.write(json ? `${JSON.stringify(step)}\n` : renderRollingStep(step))
    if (step.step === 'failed') throw new CliError(`${step.lb} did not come back: ${step.reason}`)
    isDone = step.step === 'done'
  }
  if (!isDone) throw new CliError('the cluster was stopped meanwhile')
}

function print(report: FaultReport, { block, json }: FaultOptions): void {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : renderFaultReport(report, block))
}
