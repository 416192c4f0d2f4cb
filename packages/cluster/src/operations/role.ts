import type { Static } from 'typebox'
import { CpuShare } from '../launcher/faults/starved-role.js'
import type { CommandShape } from './command.js'
import { FaultReport } from './fault-report-schema.js'
import { forOption, lasting } from './lasting.js'
import { operation } from './operation.js'
import { share } from './parsers.js'
import { Flag, Name, optional, strict } from './schemas.js'

/**
 * Longest time until a role is ready and its routes are back or the launcher's own timeout ends,
 * with a margin, ms.
 */
const RESTART_TIMEOUT_MS = 40_000

const Role = strict({ role: Name })
const roleArgument = { sets: 'role', description: 'name of a switch, an LB or a backend', completes: 'role' } as const
const output = () => import('../cli/fault-report.js').then(({ reportOutput }) => reportOutput)

function roleCommand(
  words: string,
  description: string,
): CommandShape<Static<typeof Role>, Static<typeof FaultReport>> {
  return {
    words,
    group: 'Faults:',
    description,
    arguments: [roleArgument],
    examples: [`${words} lb-2`],
    output,
  }
}

/** Operations on the processes of roles: signals, and ordered restarts. */
export const roleOperations = [
  operation({
    name: 'role.kill',
    summary:
      'Ends a role with SIGKILL. It is started again after its backoff; with `keepStopped` when it is started, or after `forMs`.',
    method: 'POST',
    path: '/v1/roles/:role/kill',
    parameters: strict({ role: Name, keepStopped: optional(Flag), ...lasting }),
    result: FaultReport,
    commands: [
      {
        words: 'kill',
        group: 'Faults:',
        description: 'end a role with SIGKILL; it is started again after its backoff',
        arguments: [roleArgument],
        options: [
          { flags: '--keep-stopped', sets: 'keepStopped', description: "keep it stopped until 'fivetuple start'" },
          { ...forOption, description: 'keep it stopped for this time' },
        ],
        examples: ['kill lb-2', 'kill backend-1 --keep-stopped', 'kill lb-2 --for 30s'],
        output,
      },
    ],
    run: (control, { role, keepStopped, forMs }) =>
      keepStopped === true || forMs !== undefined
        ? control.faults.inject([{ kind: 'kept-stopped', role }], { author: control.author, forMs })
        : control.faults.trigger({ kind: 'killed', role }, control.author),
  }),
  operation({
    name: 'role.pause',
    summary: 'Pauses a role with SIGSTOP: it is unresponsive, but its connections stay.',
    method: 'POST',
    path: '/v1/roles/:role/pause',
    parameters: strict({ role: Name, ...lasting }),
    result: FaultReport,
    commands: [
      {
        words: 'pause',
        group: 'Faults:',
        description: 'pause a role with SIGSTOP: it is unresponsive, but its connections stay',
        arguments: [roleArgument],
        options: [forOption],
        examples: ['pause lb-2', 'pause lb-2 --for 5s'],
        output,
      },
    ],
    run: (control, { role, forMs }) =>
      control.faults.inject([{ kind: 'paused', role }], { author: control.author, forMs }),
  }),
  operation({
    name: 'role.resume',
    summary: 'Resumes a paused role (SIGCONT).',
    method: 'POST',
    path: '/v1/roles/:role/resume',
    parameters: Role,
    result: FaultReport,
    timeoutMs: RESTART_TIMEOUT_MS,
    commands: [roleCommand('resume', 'resume a paused role (SIGCONT)')],
    run: (control, { role }) => control.faults.clear([{ kind: 'paused', role }], control.author),
  }),
  operation({
    name: 'role.starve',
    summary: 'Lets a role run for a share of the time only: it is stopped and continued in turn, for milliseconds.',
    method: 'POST',
    path: '/v1/roles/:role/starve',
    parameters: strict({ role: Name, cpu: CpuShare, ...lasting }),
    result: FaultReport,
    commands: [
      {
        words: 'starve',
        group: 'Faults:',
        description: 'let a role run for a share of the time only, as on an overloaded machine',
        arguments: [roleArgument],
        options: [
          { flags: '--cpu <share>', sets: 'cpu', description: 'share of the time in which it runs', parse: share },
          forOption,
        ],
        needsOption: true,
        examples: ['starve lb-2 --cpu 20%', 'starve lb-2 --cpu 20% --for 10s'],
        output,
      },
    ],
    run: (control, { role, cpu, forMs }) =>
      control.faults.inject([{ kind: 'starved', role, cpu }], { author: control.author, forMs }),
  }),
  operation({
    name: 'role.restart',
    summary: 'Stops a role in order and starts it again; responds when it is ready and its routes are back.',
    method: 'POST',
    path: '/v1/roles/:role/restart',
    parameters: Role,
    result: FaultReport,
    timeoutMs: RESTART_TIMEOUT_MS,
    commands: [
      roleCommand('restart', 'stop a role in order, routes first, and start it again; done when its routes are back'),
    ],
    run: (control, { role }) => control.roles.restart(role),
  }),
  operation({
    name: 'role.start',
    summary: 'Starts a role that is down; responds when it is ready and its routes are there.',
    method: 'POST',
    path: '/v1/roles/:role/start',
    parameters: Role,
    result: FaultReport,
    timeoutMs: RESTART_TIMEOUT_MS,
    commands: [roleCommand('start', 'start a role that is down; done when its routes are there')],
    run: (control, { role }) => control.faults.clear([{ kind: 'kept-stopped', role }], control.author),
  }),
] as const
