import Type from 'typebox'
import { type Route, route } from '../route.js'
import { Count, Flag, mapOf, Name, strict, Text } from '../schemas.js'

const LbDrain = strict({ lb: Text, draining: Flag, sessions: Count, onlyCarrierOf: Type.Array(Text) })
const BackendDrain = strict({ backend: Text, draining: Flag, sessions: Count, sessionsByLb: mapOf(Count) })
const lb = strict({ lb: Name })
const backend = strict({ backend: Name })

/** Taking LBs and backends out of service without ending what they carry. */
export const drainRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/lbs/:lb/drain',
    summary: 'Whether an LB is being drained, and how many sessions it still has.',
    params: lb,
    response: LbDrain,
    handle: (control, { params }) => control.drains.lbDrain(params.lb),
  }),
  route({
    method: 'PUT',
    path: '/v1/lbs/:lb/drain',
    summary: 'Keeps new flows from an LB; what it carries goes on.',
    params: lb,
    response: LbDrain,
    handle: (control, { params }) => control.drains.drainLb(params.lb, true),
  }),
  route({
    method: 'DELETE',
    path: '/v1/lbs/:lb/drain',
    summary: 'Lets new flows come to an LB again.',
    params: lb,
    response: LbDrain,
    handle: (control, { params }) => control.drains.drainLb(params.lb, false),
  }),
  route({
    method: 'GET',
    path: '/v1/backends/:backend/drain',
    summary: 'Whether a backend is being drained, and how many sessions it still has by each LB.',
    params: backend,
    response: BackendDrain,
    handle: (control, { params }) => control.drains.backendDrain(params.backend),
  }),
  route({
    method: 'PUT',
    path: '/v1/backends/:backend/drain',
    summary: 'Keeps new flows of all VIPs from a backend; its sessions go on.',
    params: backend,
    response: BackendDrain,
    handle: (control, { params }) => control.drains.drainBackend(params.backend, true),
  }),
  route({
    method: 'DELETE',
    path: '/v1/backends/:backend/drain',
    summary: 'Lets new flows go to a backend again.',
    params: backend,
    response: BackendDrain,
    handle: (control, { params }) => control.drains.drainBackend(params.backend, false),
  }),
]
