import { GOOD_BEHAVIOR } from '@fivetuple/backend/behavior'
import type { Static } from 'typebox'
import { ApiError } from '../api/problem.js'
import { behaviorFaults, behaviorFields } from '../launcher/faults/backend-behavior.js'
import type { CommandShape } from './command.js'
import { BackendDrain, BackendDrainProgress } from './drain-schemas.js'
import { drained, waiting, waitOptions } from './drains.js'
import { FaultReport } from './fault-report-schema.js'
import { forOption, lasting } from './lasting.js'
import { operation, streamingOperation } from './operation.js'
import { duration, share } from './parsers.js'
import { Name, strict } from './schemas.js'

const Change = strict({ backend: Name, ...behaviorFields, ...lasting })

const backendArgument = { sets: 'backend', description: 'name of the backend', completes: 'backend' } as const
const reportOutput = () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput)

/** Makes a command that changes the behavior of a backend. */
function behaviorCommand(
  name: string,
  description: string,
  how: Pick<CommandShape<Static<typeof Change>>, 'fixed' | 'arguments'>,
  ...values: readonly [string, ...string[]]
): CommandShape<Static<typeof Change>, Static<typeof FaultReport>> {
  const [first, ...more] = values
  const example = (value: string) => `backend ${name} backend-2 ${value}`.trimEnd()
  return {
    words: `backend ${name}`,
    group: 'Operation:',
    description,
    ...how,
    arguments: [
      { ...backendArgument, description: 'name of a backend that the launcher has started' },
      ...(how.arguments ?? []),
    ],
    options: [forOption],
    examples: [example(first), ...more.map(example), example(`${first} --for 30s`.trimStart())],
    output: reportOutput,
  }
}

/** Operations on backends: into and out of service, and their faults. */
export const backendOperations = [
  streamingOperation({
    name: 'backend.drain',
    summary:
      'Keeps new flows of all VIPs from a backend; its sessions continue. With `wait` it reports progress until none is left, at most for `deadlineMs` (60000); a client that goes away ends the waiting, not the drain.',
    method: 'PUT',
    path: '/v1/backends/:backend/drain',
    parameters: strict({ backend: Name, ...waiting }),
    result: BackendDrainProgress,
    progress: BackendDrainProgress,
    commands: [
      {
        words: 'backend drain',
        group: 'Operation:',
        description: 'keep new flows from a backend and wait until it has no sessions',
        arguments: [backendArgument],
        options: waitOptions,
        fixed: { wait: true },
        examples: ['backend drain backend-3', 'backend drain backend-3 --deadline 5m'],
        output: () => import('../cli/drain-report.js').then(({ backendDrainOutput }) => backendDrainOutput),
      },
    ],
    async *run({ drains }, { backend, ...how }, signal) {
      const first = await drains.drainBackend(backend, true)
      return yield* drained(first, () => drains.backendDrain(backend), how, signal)
    },
  }),
  operation({
    name: 'backend.undrain',
    summary: 'Ends the drain of a backend: it gets new flows again.',
    method: 'DELETE',
    path: '/v1/backends/:backend/drain',
    parameters: strict({ backend: Name }),
    result: BackendDrain,
    commands: [
      {
        words: 'backend undrain',
        group: 'Operation:',
        description: 'end the drain of a backend: it gets new flows again',
        arguments: [backendArgument],
        examples: ['backend undrain backend-3'],
        output: () => import('../cli/drain-report.js').then(({ undrainOutput }) => undrainOutput),
      },
    ],
    run: ({ drains }, { backend }) => drains.drainBackend(backend, false),
  }),
  operation({
    name: 'backend.drain-status',
    summary: 'Reports how far the drain of a backend is, with its sessions per LB.',
    method: 'GET',
    path: '/v1/backends/:backend/drain',
    parameters: strict({ backend: Name }),
    result: BackendDrain,
    commands: [
      {
        words: 'backend drain-status',
        group: 'Operation:',
        description: 'show how far the drain of a backend is',
        arguments: [backendArgument],
        examples: ['backend drain-status backend-3'],
        output: () => import('../cli/drain-report.js').then(({ drainStatusOutput }) => drainStatusOutput),
      },
    ],
    run: ({ drains }, { backend }) => drains.backendDrain(backend),
  }),
  operation({
    name: 'backend.set-behavior',
    summary: 'Changes the behavior of a backend that the launcher has started; omitted fields stay as they are.',
    method: 'PATCH',
    path: '/v1/backends/:backend/behavior',
    parameters: Change,
    result: FaultReport,
    commands: [
      behaviorCommand(
        'slow',
        'delay each of its responses',
        { arguments: [{ sets: 'delayMs', label: 'delay', description: 'added to each response', parse: duration }] },
        '300ms',
      ),
      behaviorCommand(
        'fail',
        'respond with 503 to some of its requests',
        { arguments: [{ sets: 'failRatio', label: 'ratio', description: 'share of requests', parse: share }] },
        '0.3',
        '30%',
      ),
      behaviorCommand('stall', 'accept requests and never respond', { fixed: { stall: true } }, ''),
      behaviorCommand('refuse', 'refuse new connections', { fixed: { refuse: true } }, ''),
    ],
    async run({ faults, author }, { backend, forMs, ...behavior }) {
      const { injected, cleared } = behaviorFaults(backend, behavior)
      if (cleared !== undefined) {
        const report = await faults.clear([cleared], author)
        if (injected === undefined) return report
      }
      if (injected === undefined)
        throw new ApiError(400, `body must have one of ${Object.keys(behaviorFields).join(', ')}`)
      return faults.inject(injected, { author, forMs })
    },
  }),
  operation({
    name: 'backend.restore',
    summary: 'Restores the normal behavior of a backend that the launcher has started.',
    method: 'DELETE',
    path: '/v1/backends/:backend/behavior',
    parameters: strict({ backend: Name }),
    result: FaultReport,
    commands: [
      {
        words: 'backend restore',
        group: 'Operation:',
        description: 'restore the normal behavior of a backend that the launcher has started',
        arguments: [{ ...backendArgument, description: 'name of a backend that the launcher has started' }],
        examples: ['backend restore backend-2'],
        output: reportOutput,
      },
    ],
    run: (control, { backend }) =>
      control.faults.clear([{ kind: 'misbehaving', role: backend, behavior: GOOD_BEHAVIOR }], control.author),
  }),
] as const
