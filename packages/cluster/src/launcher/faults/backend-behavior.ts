import type { Behavior } from '@fivetuple/backend'
import { GOOD_BEHAVIOR } from '@fivetuple/backend/behavior'
import * as Type from 'typebox'
import type { EffectReport } from '../../operations/fault-report-schema.js'
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

/** A fault is one field that differs from normal behavior, so each has its own duration. */
const schema = faultSchema('misbehaving', { behavior: strict(behaviorFields) })
type BackendBehavior = FieldsOf<typeof schema>
type Fields = BackendBehavior['behavior']

/** One of our backends responds late, with errors, or not at all. */
export const backendBehavior: FaultKind<BackendBehavior, typeof schema> = {
  kind: 'misbehaving',
  schema,
  summary: 'a backend responds late or with errors, accepts and stays silent, refuses connections, or lies to checks',
  isRoleDown: false,
  keyOf: ({ role, behavior }) => `${role} ${Object.keys(behavior).join()}`,
  check: ({ role }, { plan }) => ownBackendNamed(plan, role),
  async apply(faults, { plan, roles }) {
    const { role } = faults[0]
    const change: Fields = Object.assign({}, ...faults.map(({ behavior }) => behavior))
    return report(plan, role, await roles.backend(role)('setBehavior', change))
  },
  async undo({ role, behavior }, { roles }) {
    const good = Object.keys(behavior).map((field) => [field, GOOD_BEHAVIOR[field as keyof Behavior]])
    await roles.backend(role)('setBehavior', Object.fromEntries(good))
  },
  async list({ plan, supervisor, roles }, { role, onUnreachable }) {
    const asked = plan.backends.filter(({ name }) => role === undefined || name === role)
    const found = await Promise.all(
      asked.map(async ({ name }): Promise<BackendBehavior[]> => {
        try {
          const { behavior } = await roles.backend(name)('status', {})
          return oddFields(behavior).map((odd) => ({ kind: 'misbehaving', role: name, behavior: odd }))
        } catch (error) {
          if (['running', 'starting', 'paused'].includes(supervisor.state(name).state))
            onUnreachable(name, (error as Error).message)
          return []
        }
      }),
    )
    return found.flat()
  },
  describe: ({ role, behavior }) => `${role} ${inWords(behavior)}`,
  undoCommand: ({ id }) => `fivetuple faults clear ${id}`,
  cleared([{ role, behavior }], _, { plan }) {
    const fields = Object.keys(behavior)
    const isAll = fields.length === Object.keys(GOOD_BEHAVIOR).length
    const summary = `${role} ${isAll ? NORMAL : `is normal again in ${fields.join(', ')}`}`
    return { ...report(plan, role, GOOD_BEHAVIOR), summary }
  },
  awaited: () => [],
  keepsRoutesAway: () => false,
}

/**
 * Returns the faults that a change of behavior injects, and the one that it clears with all fields
 * that it sets to their normal values.
 */
export function behaviorFaults(backend: string, change: Fields) {
  const fault = (behavior: Fields): BackendBehavior => ({ kind: 'misbehaving', role: backend, behavior })
  const [first, ...more] = oddFields(change).map(fault)
  const normal = Object.entries(change).filter(([field, value]) => isNormal(field, value))
  return {
    injected: first === undefined ? undefined : ([first, ...more] as const),
    cleared: normal.length === 0 ? undefined : fault(Object.fromEntries(normal)),
  }
}

/** Returns each field of a behavior that differs from normal behavior. */
function oddFields(behavior: Fields): Fields[] {
  return Object.entries(behavior).flatMap(([field, value]) => (isNormal(field, value) ? [] : [{ [field]: value }]))
}

function isNormal(field: string, value: unknown): boolean {
  return value === undefined || value === GOOD_BEHAVIOR[field as keyof Behavior]
}

function report(plan: ClusterPlan, backend: string, behavior: Behavior): EffectReport {
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
