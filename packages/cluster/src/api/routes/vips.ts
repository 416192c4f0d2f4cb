import { BACKEND_POLICY_NAMES } from '@fivetuple/lb-node/policies'
import Type from 'typebox'
import { type Route, route } from '../route.js'
import { Count, mapOf, Name, nullable, strict, Text } from '../schemas.js'

const LbVips = Type.Array(
  strict({
    lb: Text,
    vips: Type.Array(
      strict({ address: Text, names: Type.Array(Text), inhibitedBy: Type.Array(Text), drainedBy: Type.Array(Text) }),
    ),
    unreachable: Type.Optional(Text),
  }),
)

const Policy = Type.Enum([...BACKEND_POLICY_NAMES], { title: 'the name of a policy' })
const Limit = nullable(Type.Integer({ minimum: 1, maximum: 16_777_216 }))
const Weights = mapOf(Type.Integer({ minimum: 0, maximum: 256 }))

const Change = Type.Object(
  {
    policy: Type.Optional(Policy),
    weights: Type.Optional(Weights),
    limits: Type.Optional(strict({ maxSessions: Type.Optional(Limit), newFlowsPerSecond: Type.Optional(Limit) })),
  },
  { additionalProperties: false, minProperties: 1 },
)

const Settings = strict({
  name: Text,
  policy: Policy,
  limits: strict({ maxSessions: nullable(Count), newFlowsPerSecond: nullable(Count) }),
  weights: mapOf(Count),
})

/** VIPs: on which interfaces, and how their flows are balanced. */
export const vipRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/lbs/:lb/vips',
    summary: "The VIPs on the interface of an LB, or of all LBs ('all').",
    params: strict({ lb: Name }),
    response: LbVips,
    handle: (control, { params }) => control.vips.vips(params.lb),
  }),
  route({
    method: 'PUT',
    path: '/v1/lbs/:lb/vips/:vip',
    summary: "Puts a VIP on an LB's interface: it announces it. Answers when the uplink switch routes accordingly.",
    params: strict({ lb: Name, vip: Name }),
    response: LbVips,
    handle: (control, { params }) => control.vips.setVip(params.lb, params.vip, true),
  }),
  route({
    method: 'DELETE',
    path: '/v1/lbs/:lb/vips/:vip',
    summary: "Takes a VIP off an LB's interface: it withdraws it. Answers when the uplink switch routes accordingly.",
    params: strict({ lb: Name, vip: Name }),
    response: LbVips,
    handle: (control, { params }) => control.vips.setVip(params.lb, params.vip, false),
  }),
  route({
    method: 'PATCH',
    path: '/v1/vips/:vip',
    summary: "Changes how a VIP's new flows are balanced, on all LBs. Sessions stay where they are.",
    params: strict({ vip: Name }),
    body: Change,
    response: Settings,
    handle: (control, { params, body }) => control.vips.changeVip(params.vip, body as never),
  }),
]
