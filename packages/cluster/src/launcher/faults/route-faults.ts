import { FLAP_PHASE_MAX_MS, FLAP_PHASE_MIN_MS } from '@fivetuple/lb-node/injected'
import * as Type from 'typebox'
import { ApiError } from '../../api/problem.js'
import { Text } from '../../operations/schemas.js'
import type { ClusterPlan } from '../../plan/plan.js'
import { oneLbNamed, vipNamed } from '../actions/lookup.js'
import type { LauncherParts } from '../parts.js'
import { type FaultKind, type FieldsOf, faultSchema } from './fault-kind.js'
import { injectedIntoLbs } from './injected-into-lbs.js'
import { curl, done, STATUS } from './watch.js'

const Phase = Type.Integer({
  minimum: FLAP_PHASE_MIN_MS,
  maximum: FLAP_PHASE_MAX_MS,
  title: `a whole number from ${FLAP_PHASE_MIN_MS} to ${FLAP_PHASE_MAX_MS} ms, an hour`,
})

/** Phases of a route that flaps, ms. It begins with `downMs`. */
export const flapFields = { upMs: Phase, downMs: Phase }

/** Route of a VIP via an LB. */
interface Route {
  readonly role: string
  /** Name of the first VIP that has the address. */
  readonly vip: string
}

const withheldSchema = faultSchema('route-withheld', { vip: Text })
type WithheldRoute = FieldsOf<typeof withheldSchema>

/** An LB withdraws the route of a VIP that stays on its interface. */
export const withheldRoute: FaultKind<WithheldRoute, typeof withheldSchema> = {
  kind: 'route-withheld',
  schema: withheldSchema,
  summary: "an LB withdraws a VIP's route, and still serves its flows: the VIP stays on its interface",
  isRoleDown: false,
  keyOf: ({ role, vip }) => `${role} ${vip}`,
  check: checkRoute,
  normalize: ({ vip, ...fault }, { plan }) => ({ ...fault, vip: vipOf(plan, vip).name }),
  async apply([{ role, vip }], on) {
    await on.roles.lb(role)('setRouteFault', { address: vipOf(on.plan, vip).address, isWithheld: true })
    return {
      summary: `${role} withholds its route of ${vip}`,
      warnings: [],
      watch: [
        { command: STATUS, expect: `at once: ${role} is gone from ROUTED TO of ${vip}` },
        ...curl(on.plan, `flows of ${vip} that ${role} carried are rehashed to other LBs`),
      ],
      undo: null,
    }
  },
  async undo({ role, vip }, { plan, roles }) {
    await roles.lb(role)('setRouteFault', { address: vipOf(plan, vip).address, isWithheld: false })
  },
  list: (on, search) =>
    injectedIntoLbs(on, search, (lb, { routes }) =>
      routes.flatMap(({ address, isWithheld }) =>
        isWithheld ? [{ kind: 'route-withheld' as const, role: lb, vip: vipOf(on.plan, address).name }] : [],
      ),
    ),
  describe: ({ role, vip }) => `${role} withholds its route of ${vip}`,
  undoCommand: ({ id }) => `fivetuple faults clear ${id}`,
  cleared: ([{ role, vip }], { inhibited }) => done(`${role} announces ${vip} again`, 'new flows go there', inhibited),
  endsRoutesOf: ({ role }) => [role],
  vipOf: ({ vip }) => vip,
  awaited: ({ role }) => [role],
  keepsRoutesAway: () => false, // recovery takes the inhibitor into account
}

const flapSchema = faultSchema('route-flap', { vip: Text, ...flapFields })
type FlappingRoute = FieldsOf<typeof flapSchema>

/** An LB withdraws and announces the route of a VIP in turn. */
export const flappingRoute: FaultKind<FlappingRoute, typeof flapSchema> = {
  kind: 'route-flap',
  schema: flapSchema,
  summary: "an LB withdraws and announces a VIP's route in turn",
  isRoleDown: false,
  keyOf: ({ role, vip }) => `${role} ${vip}`,
  check: checkRoute,
  normalize: ({ vip, ...fault }, { plan }) => ({ ...fault, vip: vipOf(plan, vip).name }),
  async apply([{ role, vip, upMs, downMs }], on) {
    await on.roles.lb(role)('setRouteFault', { address: vipOf(on.plan, vip).address, flap: { upMs, downMs } })
    return {
      summary: `${role} withdraws its route of ${vip} for ${downMs} ms and announces it for ${upMs} ms in turn`,
      warnings: [],
      watch: [
        { command: STATUS, expect: `${role} goes from ROUTED TO of ${vip} and comes back, again and again` },
        ...curl(on.plan, `each time flows of ${vip} are rehashed`),
      ],
      undo: null,
    }
  },
  async undo({ role, vip }, { plan, roles }) {
    await roles.lb(role)('setRouteFault', { address: vipOf(plan, vip).address, flap: null })
  },
  list: (on, search) =>
    injectedIntoLbs(on, search, (lb, { routes }) =>
      routes.flatMap(({ address, flap }) =>
        flap === null ? [] : [{ kind: 'route-flap' as const, role: lb, vip: vipOf(on.plan, address).name, ...flap }],
      ),
    ),
  describe: ({ role, vip, upMs, downMs }) => `${role}'s route of ${vip} flaps: ${downMs} ms down, ${upMs} ms up`,
  undoCommand: ({ id }) => `fivetuple faults clear ${id}`,
  cleared: ([{ role, vip }], { inhibited }) =>
    done(`${role} announces ${vip} steadily`, 'new flows go there', inhibited),
  endsRoutesOf: ({ role }) => [role],
  vipOf: ({ vip }) => vip,
  awaited: ({ role }) => [role],
  keepsRoutesAway: () => false, // recovery takes the inhibitor into account
}

/** @throws ApiError if there is no such LB or VIP, or if the LB does not have the VIP */
function checkRoute({ role, vip }: Route, { plan, fleet }: LauncherParts): void {
  const { name, address } = vipOf(plan, vip)
  if (fleet.configs.get(oneLbNamed(plan, role))?.vips.includes(address) !== true)
    throw new ApiError(409, `${name} is not on the interface of ${role}: 'fivetuple vip add ${role} ${name}'`)
}

/** Returns the first VIP with the address of a VIP: they share a route. */
function vipOf(plan: ClusterPlan, vip: string) {
  const { address } = vipNamed(plan, vip)
  return plan.vips.find((known) => known.address === address)!
}
