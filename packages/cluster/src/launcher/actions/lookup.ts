import { ApiError } from '../../api/problem.js'
import type { ClusterPlan, VipPlan } from '../../plan/plan.js'

/** Lookup of names in the plan. For an unknown name the error lists the known ones. */

/** @param name an LB's, or 'all' */
export function lbNamed(plan: ClusterPlan, name: string): string[] {
  const names = plan.lbs.map((lb) => lb.name)
  if (name === 'all') return names
  if (!names.includes(name)) throw notFound('LB', name, [...names, "'all'"])
  return [name]
}

/** @param name an LB's */
export function oneLbNamed(plan: ClusterPlan, name: string): string {
  const names = plan.lbs.map((lb) => lb.name)
  if (!names.includes(name)) throw notFound('LB', name, names)
  return name
}

/** @param name a VIP's name or address */
export function vipNamed(plan: ClusterPlan, name: string): VipPlan {
  const vip = plan.vips.find((known) => known.name === name || known.address === name)
  if (vip === undefined)
    throw notFound(
      'VIP',
      name,
      plan.vips.map((known) => known.name),
    )
  return vip
}

/** Any backend that a VIP refers to. */
export function backendNamed(plan: ClusterPlan, name: string): string {
  const names = [...new Set(plan.vips.flatMap(({ backends }) => backends))]
  if (!names.includes(name)) throw notFound('backend', name, names)
  return name
}

/** A backend that the launcher has started. */
export function ownBackendNamed(plan: ClusterPlan, name: string): string {
  if (plan.backends.some((backend) => backend.name === name)) return name
  backendNamed(plan, name)
  throw new ApiError(
    409,
    `${name} is an external server that the launcher has not started: inject faults into it yourself`,
  )
}

/** Any role that the launcher has started: a switch, an LB or a backend. */
export function roleNamed(plan: ClusterPlan, name: string): string {
  const names = [...plan.switches, ...plan.lbs, ...plan.backends].map((role) => role.name)
  if (!names.includes(name)) throw notFound('role', name, names)
  return name
}

/** Returns a role if it is an LB. */
export function lbsOnly({ lbs }: Pick<ClusterPlan, 'lbs'>, role: string): string[] {
  return lbs.some(({ name }) => name === role) ? [role] : []
}

function notFound(kind: string, name: string, known: readonly string[]): ApiError {
  return new ApiError(404, `there is no ${kind} '${name}'; there are ${known.join(', ')}`)
}
