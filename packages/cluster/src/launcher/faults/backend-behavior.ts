import type { Behavior } from '@fivetuple/backend'
import { GOOD_BEHAVIOR } from '@fivetuple/backend/behavior'
import * as Type from 'typebox'
import type { FaultReport } from '../../operations/fault-report-schema.js'
import { Flag, optional, strict } from '../../operations/schemas.js'
import type { ClusterPlan } from '../../plan/plan.js'
import { ownBackendNamed } from '../actions/lookup.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { curl, HEALTH } from './watch.js'

/** Behavior of a backend that the launcher started; a field that a change omits stays as it is. */
export const behaviorFields = {
  delayMs: optional(Type.Number({ minimum: 0, maximum: 600_000, title: 'at most 600000 ms, ten minutes' })),
  failRatio: optional(Type.Number({ minimum: 0, maximum: 1 })),
  refuse: optional(Flag),
  stall: optional(Flag),
  healthz: optional(Type.Enum(['same', 'ok', 'failing'])),
}
const NORMAL = 'behaves normally'

/** The behavior in a fault is what differs from normal behavior. */
const schema = faultSchema('misbehaving', { behavior: strict(behaviorFields) })
type BackendBehavior = FieldsOf<typeof schema>

/** One of our backends responds late, with errors, or not at all. */
export const backendBehavior: FaultKind<BackendBehavior, typeof schema> = {
  kind: 'misbehaving',
  schema,
  isRoleDown: false,
  hasOwnEvents: false,
  check: ({ role }, { plan }) => ownBackendNamed(plan, role),
  async apply([{ role, behavior }], { plan, roles }) {
    return report(plan, role, await roles.backend(role)('setBehavior', behavior))
  },
  async undo({ role }, { roles }) {
    await roles.backend(role)('setBehavior', GOOD_BEHAVIOR)
  },
  async list({ plan, supervisor, roles }, onUnreachable) {
    const found = await Promise.all(
      plan.backends.map(async ({ name }): Promise<BackendBehavior[]> => {
        try {
          const { behavior } = await roles.backend(name)('status', {})
          const odd = Object.entries(behavior).filter(
            ([field, value]) => value !== GOOD_BEHAVIOR[field as keyof Behavior],
          )
          return odd.length === 0 ? [] : [{ kind: 'misbehaving', role: name, behavior: Object.fromEntries(odd) }]
        } catch (error) {
          if (['running', 'starting'].includes(supervisor.state(name).state))
            onUnreachable(name, (error as Error).message)
          return []
        }
      }),
    )
    return found.flat()
  },
  describe: ({ role, behavior }) => `${role} ${inWords(behavior)}`,
  undoCommand: ({ role }) => `fivetuple backend restore ${role}`,
  cleared: ([{ role }], _, { plan }) => report(plan, role, GOOD_BEHAVIOR),
  awaited: () => [],
  keepsRoutesAway: () => false,
}

function report(plan: ClusterPlan, backend: string, behavior: Behavior): FaultReport {
  const { delayMs, failRatio, refuse, stall, healthz } = behavior
  const checks = healthz === 'same' ? ', health checks included' : ''
  const expects: string[] = []
  if (delayMs > 0) expects.push(`its responses take ${delayMs} ms longer${checks}`)
  if (failRatio > 0) expects.push(`${Math.round(failRatio * 100)} % of its responses are 503${checks}`)
  if (stall) expects.push('it never responds')
  if (refuse) expects.push('new connections are given to other backends at once: clients notice nothing')
  const what = inWords(behavior)
  const isGood = what === NORMAL
  const down =
    refuse || stall ? 'LBs find it unhealthy after some failures' : 'its checks pass or fail as its responses do'
  return {
    summary: `${backend} ${what}`,
    warnings: [],
    watch: [
      { command: HEALTH, expect: isGood ? `${backend} is healthy after some good checks` : down },
      ...curl(
        plan,
        isGood ? `${backend} responds again` : expects.join('; ') || 'no change for clients: only checks differ',
      ),
    ],
    undo: isGood ? null : `fivetuple backend restore ${backend}`,
  }
}

function inWords({ delayMs, failRatio, refuse, stall, healthz }: BackendBehavior['behavior']): string {
  const parts: string[] = []
  if (delayMs) parts.push(`responds ${delayMs} ms late`)
  if (failRatio) parts.push(`fails ${Math.round(failRatio * 100)} % of requests`)
  if (stall) parts.push('never responds')
  if (refuse) parts.push('refuses connections')
  if (healthz === 'ok') parts.push('always passes health checks')
  if (healthz === 'failing') parts.push('fails health checks')
  return parts.join(', ') || NORMAL
}
