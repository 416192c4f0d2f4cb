import { ClearedFaults, FaultList } from './fault-schemas.js'
import { operation } from './operation.js'
import { strict } from './schemas.js'

/** Longest time until all routes are back or the launcher's own timeout ends, with a margin, ms. */
const RECOVERY_TIMEOUT_MS = 40_000

/** Operations on all faults together. */
export const faultsOperations = [
  operation({
    name: 'faults.list',
    summary: 'Lists the faults that are injected now.',
    method: 'GET',
    path: '/v1/faults',
    parameters: strict({}),
    result: FaultList,
    commands: [
      {
        words: 'faults list',
        group: 'Faults:',
        description: 'list paused and stopped roles, links that are down, and backends that misbehave',
        examples: ['faults list'],
        output: () => import('../cli/fault-report.js').then(({ faultsOutput }) => faultsOutput),
      },
    ],
    run: (control) => control.faults.list(),
  }),
  operation({
    name: 'faults.clear',
    summary: 'Clears all faults; responds when routes are back.',
    method: 'DELETE',
    path: '/v1/faults',
    parameters: strict({}),
    result: ClearedFaults,
    timeoutMs: RECOVERY_TIMEOUT_MS,
    commands: [
      {
        words: 'faults clear',
        group: 'Faults:',
        description: 'clear all faults; done when routes are back',
        examples: ['faults clear'],
        output: () => import('../cli/fault-report.js').then(({ clearedOutput }) => clearedOutput),
      },
    ],
    run: (control) => control.faults.clearAll(),
  }),
] as const
