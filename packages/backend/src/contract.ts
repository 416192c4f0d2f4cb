import type { Message } from '@fivetuple/runtime'
import { Count, Flag, NoParams, oneOf, strict, Text } from '@fivetuple/runtime/schemas'
import Type from 'typebox'
import { DELAY_MAX_MS, HEALTHZ } from './behavior.js'

const fields = {
  delayMs: Type.Number({ minimum: 0, maximum: DELAY_MAX_MS, title: `at most ${DELAY_MAX_MS} ms, ten minutes` }),
  failRatio: Type.Number({ minimum: 0, maximum: 1 }),
  refuse: Flag,
  stall: Flag,
  healthz: oneOf(HEALTHZ),
}

export const BehaviorSchema = strict(fields)
/** Fields that are missing stay as they are. */
export const BehaviorChange = Type.Partial(BehaviorSchema, { additionalProperties: false })

/** Status of a backend; counters are totals since its start. */
export type BackendStatus = Message<typeof BackendStatus>
export const BackendStatus = Type.Object({
  name: Text,
  address: Text,
  port: Count,
  listening: Flag,
  /** Open TCP connections. */
  connections: Count,
  /** HTTP requests, health checks included. */
  requests: Count,
  healthChecks: Count,
  /** Responses with status 503 because of its behaviour. */
  failed: Count,
  /** Requests that will get no response. */
  stalled: Count,
  /** UDP datagrams, echoed or not. */
  datagrams: Count,
  behavior: BehaviorSchema,
})

/** Messages between the launcher and a backend. */
export type BackendContract = typeof backendContract
export const backendContract = {
  file: 'packages/backend/src/contract.ts',
  methods: {
    status: { params: NoParams, result: BackendStatus },
    setBehavior: { params: BehaviorChange, result: BehaviorSchema },
  },
  events: {},
} as const
