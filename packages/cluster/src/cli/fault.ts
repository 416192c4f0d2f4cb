import type { Behavior } from '@fivetuple/backend'
import type { FaultReport, LinkSides } from '../api/faults.js'
import { CliError } from './cli-error.js'
import { renderCleared, renderFaultReport, renderFaults, renderRollingStep } from './fault-report.js'
import { targetCluster } from './target.js'

interface FaultOptions {
  readonly block?: string
  readonly json?: boolean
}

/** `fivetuple kill`. */
export async function kill(role: string, options: FaultOptions & { readonly keepStopped?: boolean }): Promise<void> {
  print(await targetCluster(options.block).kill(role, options.keepStopped ?? false), options)
}

/** `fivetuple pause`, `resume`, `start` and `restart`; the last two are done when routes are back. */
export async function actOnRole(
  action: 'pause' | 'resume' | 'start' | 'restart',
  role: string,
  options: FaultOptions,
): Promise<void> {
  print(await targetCluster(options.block)[action](role), options)
}

/** `fivetuple link down` and `link up`; the latter is done when routes are back. */
export async function setLinks(isDown: boolean, lb: string, sides: LinkSides, options: FaultOptions): Promise<void> {
  const api = targetCluster(options.block)
  print(await (isDown ? api.takeLinksDown(lb, sides) : api.bringLinksUp(lb, sides)), options)
}

/** `fivetuple backend slow`, `fail`, `stall` and `refuse`: each adds to what was asked of it before. */
export async function setBehavior(backend: string, change: Partial<Behavior>, options: FaultOptions): Promise<void> {
  print(await targetCluster(options.block).setBehavior(backend, change), options)
}

/** `fivetuple backend restore`. */
export async function restore(backend: string, options: FaultOptions): Promise<void> {
  print(await targetCluster(options.block).restoreBehavior(backend), options)
}

/** `fivetuple faults list`. */
export async function listFaults({ block, json }: FaultOptions): Promise<void> {
  const faults = await targetCluster(block).faults()
  process.stdout.write(json ? `${JSON.stringify(faults)}\n` : renderFaults(faults, block))
}

/** `fivetuple faults clear`: fails when something could not be cleared. */
export async function clearFaults({ block, json }: FaultOptions): Promise<void> {
  const cleared = await targetCluster(block).clearFaults()
  process.stdout.write(json ? `${JSON.stringify(cleared)}\n` : renderCleared(cleared))
  if (cleared.failed.length > 0) throw new CliError(`${cleared.failed.length} could not be cleared`)
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
