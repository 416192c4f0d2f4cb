import type { Static, TSchema } from 'typebox'

/**
 * Messages that a process takes and sends over its channel to the process that has forked it: a
 * role to the launcher, a line card to its switch. Contracts are values of TypeBox schemas, from
 * which the types of both ends are derived.
 *
 * Processes import only the types, since schemas cost time at a start; see `message-check.ts` for
 * the checks in tests.
 */
export interface Contract {
  /** File of the contract, for errors. */
  readonly file: string
  readonly methods: Readonly<Record<string, MethodSchemas>>
  /** Reports that the process sends by itself. */
  readonly events: Readonly<Record<string, TSchema>>
}

/** Schemas of one method. */
export interface MethodSchemas {
  readonly params: TSchema
  /** Null for a method without a result. */
  readonly result: TSchema
}

/** Imports a contract, when its schemas are needed. */
export type LoadContract = () => Promise<Contract>

/**
 * Type of the values that satisfy a schema. Messages are never changed, so all of it is readonly.
 */
export type Message<S extends TSchema> = Immutable<Static<S>>

/** A type with all its properties and elements readonly. */
export type Immutable<T> = T extends ArrayBufferView ? T : { readonly [K in keyof T]: Immutable<T[K]> }

/** Names of a contract's methods. */
export type MethodOf<C extends Contract> = keyof C['methods'] & string

/** Parameters of a method. */
export type Params<C extends Contract, M extends MethodOf<C>> = Message<C['methods'][M]['params']>

/** Result of a method. */
export type Result<C extends Contract, M extends MethodOf<C>> = Message<C['methods'][M]['result']>

/** A report with its data. */
export type EventOf<C extends Contract> = {
  readonly [E in keyof C['events'] & string]: { readonly event: E; readonly data: Message<C['events'][E]> }
}[keyof C['events'] & string]

/**
 * Functions behind the methods of a contract. If one throws or rejects, its error's message is the
 * response.
 */
export type Handlers<C extends Contract> = {
  readonly [M in MethodOf<C>]: (params: Params<C, M>) => Returned<Result<C, M>> | Promise<Returned<Result<C, M>>>
}

/** A method whose result is null may return nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: the result of functions that return nothing
type Returned<R> = R extends null ? R | void : R

/**
 * Sends an RPC request to a process and resolves with its response.
 *
 * Rejects with the error that the process reports, and if there is no response in time.
 */
export type Client<C extends Contract> = <M extends MethodOf<C>>(
  method: M,
  params: Params<C, M>,
) => Promise<Result<C, M>>

/** Sends one of a contract's reports. */
export type SendEvent<C extends Contract> = <E extends EventOf<C>['event']>(
  event: E,
  data: Message<C['events'][E]>,
) => void

/**
 * Returns a client with the types of a contract.
 *
 * @param request sends a request over the channel to a process that serves this contract
 */
export function client<C extends Contract>(request: (method: string, params: unknown) => Promise<unknown>): Client<C> {
  return request as Client<C>
}
