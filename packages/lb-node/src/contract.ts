import { SCOPES } from '@fivetuple/faults'
import { HappeningBatch } from '@fivetuple/runtime/happenings'
import { Count, Flag, keyOf, NoParams, Nothing, nullable, oneOf, strict, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'
import { RESOURCES } from './injected/limits.js'
import { Flap, InjectedFaultsStatus } from './injected/status.js'
import { LINK_DIRECTIONS, LINK_SIDES } from './link-faults/names.js'
import { BACKEND_POLICIES } from './policy/registry.js'
import { LbStatus, LinkFaultJson, PlacedVip, SessionView } from './status.js'

export { LbBackendStatus, LbStatus, PlacedVip, SessionView } from './status.js'

const Endpoint = strict({
  /** Unsigned 32-bit number. */
  address: Count,
  port: Count,
})
const Port = Type.Integer({ minimum: 1, maximum: 65_535 })
const Protocol = oneOf(['tcp', 'udp'])
const Limit = nullable(Type.Integer({ minimum: 1 }))

const Flow = strict({ client: Endpoint, vip: Endpoint, protocol: Protocol })

const Backend = strict({ name: Text, address: Text, port: Port, weight: Type.Integer({ minimum: 0, maximum: 256 }) })

const Check = strict({
  type: oneOf(['http', 'tcp', 'udp']),
  path: Text,
  method: oneOf(['GET', 'HEAD', 'OPTIONS']),
  host: nullable(Text),
  expectStatus: Type.Array(Type.Tuple([Count, Count])),
  port: nullable(Port),
  intervalMs: Count,
  timeoutMs: Count,
  rise: Count,
  fall: Count,
})

/** A service's settings, as its configuration has them. */
const Service = strict({
  name: Text,
  protocol: Protocol,
  address: Text,
  port: Port,
  policy: keyOf(BACKEND_POLICIES),
  backends: Type.Array(Backend),
  limits: strict({ maxSessions: Limit, newFlowsPerSecond: Limit }),
  clientAddress: oneOf(['none', 'toa', 'proxy-v2']),
  health: strict({
    check: nullable(Check),
    noBackend: oneOf(['withdraw', 'reset', 'panic']),
    panicThreshold: Type.Number({ minimum: 0, maximum: 100 }),
    watermark: strict({ low: Count, high: Count }),
    slowStartMs: Count,
  }),
})

/** All faults of one direction of a link. */
const DirectionFaults = strict({
  side: oneOf(LINK_SIDES),
  direction: oneOf(LINK_DIRECTIONS),
  faults: Type.Array(
    strict({
      id: Text,
      fault: LinkFaultJson,
      scope: oneOf(SCOPES),
      seed: Type.Integer({ minimum: 0, maximum: 4_294_967_295 }),
    }),
  ),
})

const Placed = strict({ vips: Type.Array(PlacedVip) })
const Sessions = strict({ sessions: Count })

/** Messages between the launcher and an LB. */
export type LbContract = typeof lbContract
export const lbContract = {
  file: 'packages/lb-node/src/contract.ts',
  methods: {
    status: { params: NoParams, result: LbStatus },
    /** Session of one flow; null: there is none. */
    session: { params: Flow, result: nullable(SessionView) },
    /** Sessions of one service, by its name, or of all; at most `limit`. */
    sessions: { params: strict({ vip: Type.Optional(Text), limit: Count }), result: Type.Array(SessionView) },
    /** Puts an address on the interface. */
    addAddress: { params: strict({ address: Text }), result: Placed },
    /** Takes an address off the interface. */
    removeAddress: { params: strict({ address: Text }), result: Placed },
    /** Changes how new flows of a service are given to backends. */
    setService: { params: Service, result: Service },
    /**
     * Keeps new flows of all services from a backend, or lets them go there again. Returns its
     * sessions.
     */
    drainBackend: { params: strict({ backend: Text, drained: Flag }), result: Sessions },
    /**
     * Requests no new flows from the uplink switch, or requests them again. Returns the sessions
     * that go on.
     */
    setDraining: { params: strict({ draining: Flag }), result: Sessions },
    /**
     * Replaces the faults of both links; a direction that is missing has none. Faults that are
     * there already, with all their fields, keep their state.
     */
    setLinkFaults: { params: strict({ links: Type.Array(DirectionFaults) }), result: Nothing },
    /** Sends the records of sessions that wait. The last batch has this number. */
    flushRecords: { params: strict({ number: Count }), result: Nothing },
    /** Faults of the control plane and the resources. */
    injected: { params: NoParams, result: InjectedFaultsStatus },
    /** Ends the BGP session with a switch by Cease, Administrative Reset. */
    resetBgp: { params: strict({ side: oneOf(LINK_SIDES) }), result: strict({ wasEstablished: Flag }) },
    /** Stops to send KEEPALIVE and UPDATE to a switch, or sends them again. */
    muteBgp: {
      params: strict({ side: oneOf(LINK_SIDES), isMuted: Flag }),
      result: strict({ muted: Type.Array(oneOf(LINK_SIDES)) }),
    },
    /** Changes the faults of a VIP's route; fields that are missing stay as they are. */
    setRouteFault: {
      params: strict({ address: Text, isWithheld: Type.Optional(Flag), flap: Type.Optional(nullable(Flap)) }),
      result: strict({ isWithheld: Flag }),
    },
    /** Leaves so many source ports per backend, or sessions, usable; null: all. */
    exhaust: {
      params: strict({ resource: oneOf(RESOURCES), leave: nullable(Count) }),
      result: strict({ leave: nullable(Count) }),
    },
  },
  events: {
    happenings: HappeningBatch,
    /** VIPs that are to be on the interface, and what inhibits them. */
    vips: Type.Array(PlacedVip),
  },
} as const
