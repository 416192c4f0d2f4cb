import { BACKEND_POLICY_NAMES } from '@fivetuple/lb-node/policies'
import * as Type from 'typebox'
import { Count, list, mapOf, nullable, optional, strict, Text, type Value } from './schemas.js'

/** VIPs on the interface of one LB. */
export const LbVips = strict({
  lb: Text,
  vips: list(
    strict({
      address: Text,
      names: list(Text),
      /** Inhibitors, which keep it off the interface; empty: it is on the interface. */
      inhibitedBy: list(Text),
      /** Reasons why it gets no new flows although it is on the interface. */
      drainedBy: list(Text),
    }),
  ),
  /** Reason why the LB did not respond; `vips` are then those of its next start. */
  unreachable: optional(Text),
})
export type LbVips = Value<typeof LbVips>

export const Policy = Type.Enum([...BACKEND_POLICY_NAMES], { title: 'the name of a policy' })

/** Settings of the balancing of a VIP's new flows. */
export const VipSettings = strict({
  name: Text,
  policy: Policy,
  limits: strict({ maxSessions: nullable(Count), newFlowsPerSecond: nullable(Count) }),
  weights: mapOf(Count),
})
export type VipSettings = Value<typeof VipSettings>

const Limit = nullable(Type.Integer({ minimum: 1, maximum: 16_777_216 }))
/** Fields of a change of the settings of a VIP; a field that is omitted stays as it is. */
export const change = {
  policy: optional(Policy),
  weights: optional(mapOf(Type.Integer({ minimum: 0, maximum: 256 }))),
  limits: optional(strict({ maxSessions: optional(Limit), newFlowsPerSecond: optional(Limit) })),
}
const VipSettingsChange = strict(change)
export type VipSettingsChange = Value<typeof VipSettingsChange>
