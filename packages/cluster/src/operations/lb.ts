import * as Type from 'typebox'
import type { CommandShape } from './command.js'
import { LbDrain, LbDrainProgress } from './drain-schemas.js'
import { drained, waiting, waitOptions } from './drains.js'
import { operation, streamingOperation } from './operation.js'
import { duration } from './parsers.js'
import { RollingProgress, RollingResult } from './rolling-schemas.js'
import { Name, optional, strict } from './schemas.js'

/** Longest drain of one LB in a rolling restart, ms. */
const DRAIN_MAX_MS = 3_600_000
/** Longest restart of an LB without its drain, ms. */
const RESTART_MAX_MS = 40_000

const lbArgument = { sets: 'lb', description: 'name of the LB', completes: 'lb' } as const
const rolling = strict({ drainMaxMs: optional(Type.Integer({ minimum: 0, maximum: DRAIN_MAX_MS })) })

function rollingCommand(
  words: string,
  group: CommandShape['group'],
): CommandShape<Type.Static<typeof rolling>, Type.Static<typeof RollingResult>, Type.Static<typeof RollingProgress>> {
  return {
    words,
    group,
    description: 'restart all LBs one after the other, each when the one before carries traffic again',
    options: [
      {
        flags: '--drain <duration>',
        sets: 'drainMaxMs',
        description: 'longest drain of each LB before its restart',
        parse: duration,
      },
    ],
    examples: [words, `${words} --drain 30s`],
    output: () => import('../cli/rolling-report.js').then(({ rollingOutput }) => rollingOutput),
  }
}

/** Operations on LBs: into and out of service without ending their sessions. */
export const lbOperations = [
  streamingOperation({
    name: 'lb.drain',
    summary:
      'Keeps new flows from an LB; its sessions continue. With `wait` it reports progress until none is left, at most for `deadlineMs` (60000); a client that goes away ends the waiting, not the drain.',
    method: 'PUT',
    path: '/v1/lbs/:lb/drain',
    parameters: strict({ lb: Name, ...waiting }),
    result: LbDrainProgress,
    progress: LbDrainProgress,
    commands: [
      {
        words: 'lb drain',
        group: 'Operation:',
        description: 'keep new flows from an LB and wait until it has no sessions',
        arguments: [lbArgument],
        options: waitOptions,
        fixed: { wait: true },
        examples: ['lb drain lb-2', 'lb drain lb-2 --deadline 5m', 'lb drain lb-2 --no-wait'],
        output: () => import('../cli/drain-report.js').then(({ lbDrainOutput }) => lbDrainOutput),
      },
    ],
    async *run({ drains }, { lb, ...how }, signal) {
      return yield* drained(await drains.drainLb(lb, true), () => drains.lbDrain(lb), how, signal)
    },
  }),
  operation({
    name: 'lb.undrain',
    summary: 'Ends the drain of an LB: it gets new flows again.',
    method: 'DELETE',
    path: '/v1/lbs/:lb/drain',
    parameters: strict({ lb: Name }),
    result: LbDrain,
    commands: [
      {
        words: 'lb undrain',
        group: 'Operation:',
        description: 'end the drain of an LB: it gets new flows again',
        arguments: [lbArgument],
        examples: ['lb undrain lb-2'],
        output: () => import('../cli/drain-report.js').then(({ undrainOutput }) => undrainOutput),
      },
    ],
    run: ({ drains }, { lb }) => drains.drainLb(lb, false),
  }),
  operation({
    name: 'lb.drain-status',
    summary: 'Reports how far the drain of an LB is.',
    method: 'GET',
    path: '/v1/lbs/:lb/drain',
    parameters: strict({ lb: Name }),
    result: LbDrain,
    commands: [
      {
        words: 'lb drain-status',
        group: 'Operation:',
        description: 'show how far the drain of an LB is',
        arguments: [lbArgument],
        examples: ['lb drain-status lb-2'],
        output: () => import('../cli/drain-report.js').then(({ drainStatusOutput }) => drainStatusOutput),
      },
    ],
    run: ({ drains }, { lb }) => drains.lbDrain(lb),
  }),
  streamingOperation({
    name: 'lb.rolling-restart',
    summary:
      'Restarts all LBs one after the other, each drained for at most `drainMaxMs` before; stops between two LBs when the client goes away.',
    method: 'POST',
    path: '/v1/rolling-restart',
    parameters: rolling,
    result: RollingResult,
    progress: RollingProgress,
    timeoutMs: DRAIN_MAX_MS + RESTART_MAX_MS,
    commands: [rollingCommand('rolling-restart', 'Faults:'), rollingCommand('lb rolling-restart', 'Operation:')],
    run: ({ roles }, { drainMaxMs = 0 }) => roles.rollingRestart(drainMaxMs),
  }),
] as const
