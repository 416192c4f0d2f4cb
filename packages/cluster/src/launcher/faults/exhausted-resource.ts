import { RESOURCES, type Resource } from '@fivetuple/lb-node/injected'
import * as Type from 'typebox'
import { ApiError } from '../../api/problem.js'
import { Count } from '../../operations/schemas.js'
import type { ClusterPlan } from '../../plan/plan.js'
import { oneLbNamed } from '../actions/lookup.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { injectedIntoLbs } from './injected-into-lbs.js'
import { curl, done, STATUS } from './watch.js'

/** Resource of an LB that a fault can exhaust. */
export const ExhaustibleResource = Type.Enum([...RESOURCES], { title: RESOURCES.join(' or ') })

const schema = faultSchema('exhausted', { resource: ExhaustibleResource, leave: Count })
type Exhausted = FieldsOf<typeof schema>

/** Name of a resource, and the drop cause of the flows that do not get it. */
const NAMES: Readonly<Record<Resource, readonly [name: string, cause: string]>> = {
  ports: ['source ports per backend', 'port-exhausted'],
  sessions: ['sessions', 'table-full'],
}

/** An LB has fewer source ports per backend, or fewer sessions, than its configuration. */
export const exhaustedResource: FaultKind<Exhausted, typeof schema> = {
  kind: 'exhausted',
  schema,
  summary:
    'an LB has few source ports per backend, or few sessions, so that new flows are refused; flows that it has stay',
  isRoleDown: false,
  keyOf: ({ role, resource }) => `${role} ${resource}`,
  check({ role, resource, leave }, { plan }) {
    const all = sizeOf(plan, oneLbNamed(plan, role), resource)
    if (leave < all) return
    throw new ApiError(
      400,
      `body.leave must be a whole number from 0 to ${all - 1}: ${role} has ${all} ${NAMES[resource][0]}`,
    )
  },
  async apply([{ role, resource, leave }], { plan, roles }) {
    await roles.lb(role)('exhaust', { resource, leave })
    const [name, cause] = NAMES[resource]
    return {
      summary: `${role} has ${leave} usable ${name}; flows that it has stay`,
      warnings: [],
      watch: [
        { command: STATUS, expect: `DROPS of ${role} count the flows above that: ${cause}` },
        ...curl(plan, `new connections that hash to ${role} are reset while it has none left`),
      ],
      undo: null,
    }
  },
  async undo({ role, resource }, { roles }) {
    await roles.lb(role)('exhaust', { resource, leave: null })
  },
  list: (on, search) =>
    injectedIntoLbs(on, search, (role, { usablePorts, usableSessions }) =>
      (
        [
          ['ports', usablePorts],
          ['sessions', usableSessions],
        ] as const
      ).flatMap(([resource, leave]) => (leave === null ? [] : [{ kind: 'exhausted' as const, role, resource, leave }])),
    ),
  describe: ({ role, resource, leave }) => `${role} has ${leave} usable ${NAMES[resource][0]}`,
  undoCommand: ({ id }) => `fivetuple faults clear ${id}`,
  cleared: ([{ role, resource }]) => done(`${role} has all of its ${NAMES[resource][0]} again`, 'DROPS grow no more'),
  awaited: () => [],
  keepsRoutesAway: () => false,
}

function sizeOf(plan: ClusterPlan, lb: string, resource: Resource): number {
  const { portRange, maxSessions } = plan.lbs.find(({ name }) => name === lb)!.nat
  return resource === 'ports' ? portRange[1] - portRange[0] + 1 : maxSessions
}
