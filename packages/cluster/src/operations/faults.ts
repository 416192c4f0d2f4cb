import * as Type from 'typebox'
import { ClearedFaults, FaultList } from './fault-schemas.js'
import { operation } from './operation.js'
import { optional, strict } from './schemas.js'

/** Longest time until all routes are back or the launcher's own timeout ends, with a margin, ms. */
const RECOVERY_TIMEOUT_MS = 40_000

/** Id of a fault. */
const Id = Type.String({ minLength: 1, maxLength: 64, title: "an id of 'faults list', such as f3" })

/** Operations on faults of any kind. */
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
        description: 'list the injected faults with their ids, and the commands that clear them',
        examples: ['faults list'],
        output: () => import('../cli/fault-report.js').then(({ faultsOutput }) => faultsOutput),
      },
    ],
    run: (control) => control.faults.list(),
  }),
  operation({
    name: 'faults.clear',
    summary: 'Clears the fault with an `id`, or all faults; responds when routes are back.',
    method: 'DELETE',
    path: '/v1/faults',
    parameters: strict({ id: optional(Id) }),
    result: ClearedFaults,
    timeoutMs: RECOVERY_TIMEOUT_MS,
    commands: [
      {
        words: 'faults clear',
        group: 'Faults:',
        description: 'clear a fault, or all; done when routes are back',
        arguments: [
          { sets: 'id', description: 'id of the fault; without it: all', isOptional: true, completes: 'fault' },
        ],
        examples: ['faults clear', 'faults clear f3'],
        output: () => import('../cli/fault-report.js').then(({ clearedOutput }) => clearedOutput),
      },
    ],
    run: (control, { id }) =>
      id === undefined ? control.faults.clearAll(control.author) : control.faults.clearOne(id, control.author),
  }),
] as const
