import type { EffectReport, Watch } from '../../operations/fault-report-schema.js'
import type { ClusterPlan } from '../../plan/plan.js'
import type { RoleKind } from '../role-contracts.js'

export const STATUS = 'fivetuple status'
export const HEALTH = 'fivetuple health'
/** Effect on the flows that were established when the routes of an LB went. */
export const OUTCOMES: Watch = {
  command: 'fivetuple predictions',
  expect: 'direct loss and collateral: as predicted when it began, and measured when the routes have changed',
}

/** Returns the request of a client, if there is a VIP for it. */
export function curl({ vips }: Pick<ClusterPlan, 'vips'>, expect: string): Watch[] {
  const vip = vips.find(({ protocol }) => protocol === 'tcp')
  return vip ? [{ command: `curl -m 5 http://${vip.listen.address}:${vip.listen.port}/`, expect }] : []
}

/** Warning about a role without a substitute. @param until the end of its absence, in words */
export function onlyWay(kind: RoleKind, name: string, until: string): string[] {
  return kind === 'switch' ? [`${name} is the only path: nothing is reachable until ${until}`] : []
}

/** Report that something is restored. @param inhibited VIPs that stay withdrawn */
export function done(summary: string, expect: string, inhibited: readonly string[] = []): EffectReport {
  return { summary, warnings: inhibitedWarnings(inhibited), watch: [{ command: STATUS, expect }], undo: null }
}

/** Warnings about VIPs without enough healthy backends, which stay withdrawn. */
export function inhibitedWarnings(inhibited: readonly string[]): string[] {
  return inhibited.map((vip) => `${vip} is inhibited, since too few backends are healthy: see '${HEALTH}'`)
}
