import Type from 'typebox'
import type { RollingStep } from '../faults.js'
import { type Route, route } from '../route.js'
import { Flag, Name, nullable, strict, Text } from '../schemas.js'

/** Longest drain of one LB in a rolling restart, ms. */
const DRAIN_MAX_MS = 3_600_000

const Report = strict({
  summary: Text,
  warnings: Type.Array(Text),
  watch: Type.Array(strict({ command: Text, expect: Text })),
  undo: nullable(Text),
})
const Behavior = {
  delayMs: Type.Optional(Type.Number({ minimum: 0, maximum: 600_000, title: 'at most 600000 ms, ten minutes' })),
  failRatio: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  refuse: Type.Optional(Flag),
  stall: Type.Optional(Flag),
  healthz: Type.Optional(Type.Enum(['same', 'ok', 'failing'])),
}
const Fault = strict({
  kind: Type.Enum(['paused', 'kept-stopped', 'link-down', 'misbehaving']),
  role: Text,
  side: Type.Optional(Type.Enum(['uplink', 'downlink'])),
  behavior: Type.Optional(strict(Behavior)),
  description: Text,
  undo: Text,
})
const RollingStepSchema = Type.Object({
  atMs: Type.Number(),
  step: Type.Enum(['draining', 'restarting', 'routed', 'carrying', 'done', 'failed']),
  lb: Type.Optional(Text),
})

const role = strict({ role: Name })
const link = strict({
  lb: Name,
  side: Type.Enum(['uplink', 'downlink', 'both'], { title: 'uplink, downlink or both' }),
})
const backend = strict({ backend: Name })

const ROLE_ACTIONS = {
  pause: 'Stops a role with SIGSTOP: it is unreachable, but its connections stay.',
  resume: 'Resumes a paused role (SIGCONT).',
  start: 'Starts a role that is down; responds when it is ready and its routes are there.',
  restart: 'Stops a role in order and starts it again; responds when it is ready and its routes are back.',
} as const

/** Breaking parts of the cluster on purpose, and mending them. */
export const faultRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/faults',
    summary: 'All that is broken on purpose now.',
    response: strict({ faults: Type.Array(Fault), unreachable: Type.Array(strict({ name: Text, reason: Text })) }),
    handle: (control) => control.faults.faults(),
  }),
  route({
    method: 'DELETE',
    path: '/v1/faults',
    summary: 'Undoes all that is broken on purpose; responds when routes are back.',
    response: strict({
      cleared: Type.Array(Fault),
      failed: Type.Array(strict({ fault: Fault, reason: Text })),
      warnings: Type.Array(Text),
    }),
    handle: (control) => control.faults.clearFaults(),
  }),
  route({
    method: 'POST',
    path: '/v1/roles/:role/kill',
    summary: 'Ends a role with SIGKILL. It is started again after its back-off, unless it is to be kept stopped.',
    params: role,
    body: strict({ keepStopped: Type.Optional(Flag) }),
    response: Report,
    handle: (control, { params, body }) => control.faults.kill(params.role, body.keepStopped ?? false),
  }),
  ...Object.entries(ROLE_ACTIONS).map(([action, summary]) =>
    route({
      method: 'POST',
      path: `/v1/roles/:role/${action}`,
      summary,
      params: role,
      response: Report,
      handle: (control, { params }) => control.faults[action as keyof typeof ROLE_ACTIONS](params.role),
    }),
  ),
  route({
    method: 'PUT',
    path: '/v1/lbs/:lb/links/:side/down',
    summary: "Takes a link down: no carrier at either end, and the LB's redials are refused.",
    params: link,
    response: Report,
    handle: (control, { params }) => control.faults.takeLinksDown(params.lb, params.side),
  }),
  route({
    method: 'DELETE',
    path: '/v1/lbs/:lb/links/:side/down',
    summary: 'Brings a link up; responds when the routes of the LB are back, unless it is inhibited.',
    params: link,
    response: Report,
    handle: (control, { params }) => control.faults.bringLinksUp(params.lb, params.side),
  }),
  route({
    method: 'PATCH',
    path: '/v1/backends/:backend/behavior',
    summary: 'Changes how one of our backends behaves; what is left out stays as it is.',
    params: backend,
    body: strict(Behavior),
    response: Report,
    handle: (control, { params, body }) => control.faults.setBehavior(params.backend, body),
  }),
  route({
    method: 'DELETE',
    path: '/v1/backends/:backend/behavior',
    summary: 'Restores the normal behavior of a backend.',
    params: backend,
    response: Report,
    handle: (control, { params }) => control.faults.restoreBehavior(params.backend),
  }),
  route({
    method: 'POST',
    path: '/v1/rolling-restart',
    summary:
      'Restarts all LBs one after the other, each drained for at most `drainMaxMs` before. One line of JSON per step; it ends when nobody reads on.',
    body: strict({ drainMaxMs: Type.Optional(Type.Integer({ minimum: 0, maximum: DRAIN_MAX_MS })) }),
    response: RollingStepSchema,
    handle: async (control, { body }) => {
      const steps = control.faults.rollingRestart(body.drainMaxMs ?? 0)
      return new Response(ReadableStream.from(lines(steps)), { headers: { 'content-type': 'application/x-ndjson' } })
    },
  }),
]

/** One line of JSON per step, each sent as it comes. */
async function* lines(steps: AsyncIterable<RollingStep>): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder()
  for await (const step of steps) yield encoder.encode(`${JSON.stringify(step)}\n`)
}
