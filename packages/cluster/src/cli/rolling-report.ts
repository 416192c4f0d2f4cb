import type { Output } from '../operations/command.js'
import type { RollingProgress, RollingResult } from '../operations/rolling-schemas.js'

/** Output of `fivetuple rolling-restart`. */
export const rollingOutput: Output<RollingResult, RollingProgress> = {
  progress: (step) => `${at(step)}${step.lb}: ${describe(step)}\n`,
  text: (step) =>
    step.step === 'done'
      ? `${at(step)}done: ${step.lbs.length} LBs\n`
      : `${at(step)}${step.lb}: failed: ${step.reason}\n`,
  failure: (step) => (step.step === 'failed' ? `${step.lb} did not come back: ${step.reason}` : undefined),
}

function at({ atMs }: { readonly atMs: number }): string {
  return `${(atMs / 1000).toFixed(1).padStart(5)} s  `
}

function describe(step: RollingProgress): string {
  switch (step.step) {
    case 'draining':
      return `draining, ${step.sessions} sessions`
    case 'restarting':
      return `restarting${step.sessions === 0 ? '' : `, ${step.sessions} sessions end`}`
    case 'routed':
      return `back after ${step.tookMs} ms, carries ${step.vips.join(', ') || 'no VIP'}`
    case 'carrying':
      return step.newFlows === 0 ? 'no new flow has come' : 'has new flows'
  }
}
