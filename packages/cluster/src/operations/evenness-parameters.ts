import * as Type from 'typebox'
import { SEED_MAX } from './predict-parameters.js'
import { optional, strict, type Value } from './schemas.js'

/** Flows of one request that are drawn from a pool: enough to see 1 % of a share. */
export const COUNT_MAX = 100_000
/** Flows of one request that are listed. */
export const LISTED_FLOWS_MAX = 20_000

const Vip = Type.String({ maxLength: 64, title: 'address:port or the name of a VIP' })
const Protocol = Type.Enum(['tcp', 'udp'], { title: 'tcp or udp; default: that of the named VIP, else tcp' })

/** Parameters of the operation `evenness`. */
export const EvennessRequest = strict({
  vip: optional(Vip),
  count: optional(Type.Integer({ minimum: 1, maximum: COUNT_MAX, title: `a whole number from 1 to ${COUNT_MAX}` })),
  seed: optional(Type.Integer({ minimum: 0, maximum: SEED_MAX, title: `a whole number from 0 to ${SEED_MAX}` })),
  from: optional(Type.String({ maxLength: 32, title: 'a prefix, as in 127.20.100.0/22' })),
  flows: optional(
    Type.Array(
      strict({
        client: Type.String({ maxLength: 32, title: 'address:port' }),
        vip: optional(Vip),
        protocol: optional(Protocol),
      }),
      { minItems: 1, maxItems: LISTED_FLOWS_MAX, title: `a list of 1 to ${LISTED_FLOWS_MAX} flows` },
    ),
  ),
  each: optional(Type.Boolean({ title: 'true or false' })),
})
export type EvennessRequest = Value<typeof EvennessRequest>
