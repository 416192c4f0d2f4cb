import type { TSchema } from 'typebox'
import { backendOperations } from './backend.js'
import { bgpOperations } from './bgp.js'
import { evennessOperations } from './evenness.js'
import { eventsOperations } from './events.js'
import { exhaustOperations } from './exhaust.js'
import { faultsOperations } from './faults.js'
import { flowsOperations } from './flows.js'
import { inspectOperations } from './inspect.js'
import { lbOperations } from './lb.js'
import { linkOperations } from './link.js'
import { linkFaultOperations } from './link-faults.js'
import type { Operation } from './operation.js'
import { predictOperations } from './predict.js'
import { roleOperations } from './role.js'
import { routeOperations } from './route.js'
import type { LazySchema, Value } from './schemas.js'
import { vipOperations } from './vip.js'

/** All operations on a running cluster. */
export const OPERATIONS = [
  ...inspectOperations,
  ...evennessOperations,
  ...eventsOperations,
  ...predictOperations,
  ...flowsOperations,
  ...vipOperations,
  ...lbOperations,
  ...backendOperations,
  ...roleOperations,
  ...linkOperations,
  ...linkFaultOperations,
  ...bgpOperations,
  ...routeOperations,
  ...exhaustOperations,
  ...faultsOperations,
] as const

/** Any list of operations. */
export type Registry = readonly Operation[]
/** Name of an operation of a registry. */
export type NameIn<R extends Registry> = R[number]['name']
/** Operation of that name. */
export type Named<R extends Registry, N extends string> = Extract<R[number], { readonly name: N }>

export type ParametersOf<O extends Operation> = Value<O['parameters']>
export type ResultOf<O extends Operation> = Value<O['result']>
/** Progress of a streaming operation; never: it does not stream. */
export type ProgressOf<O extends Operation> = O extends { readonly progress: infer G extends TSchema | LazySchema }
  ? Value<G>
  : never

/** Result of an operation of the product, as in `Result<'status'>`. */
export type Result<N extends NameIn<typeof OPERATIONS>> = ResultOf<Named<typeof OPERATIONS, N>>
/** Progress of an operation of the product. */
export type Progress<N extends NameIn<typeof OPERATIONS>> = ProgressOf<Named<typeof OPERATIONS, N>>
