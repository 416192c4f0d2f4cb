import { Null, type Static, type TNull, type TObject, type TSchema } from 'typebox'
import type { CommandShape } from './command.js'
import type { ClusterControl } from './control.js'
import type { Outcome, Steps } from './outcome.js'
import type { DeepReadonly, LazySchema, StaticOf } from './schemas.js'

/**
 * Operation on a running cluster for people and programs, as a row of the registry. HTTP routes,
 * the OpenAPI document, the client, commands, help and completion are derived from it.
 */
export interface Operation<
  N extends string = string,
  P extends TObject = TObject,
  R extends TSchema | LazySchema = TSchema | LazySchema,
  G extends TSchema | LazySchema = TSchema | LazySchema,
> {
  /** Concept and action with a dot between, as in `lb.drain`; the OpenAPI operationId. */
  readonly name: N
  /** One sentence for the OpenAPI document. */
  readonly summary: string
  readonly method: Method
  /**
   * Path, as in `/v1/lbs/:lb/drain`. Parameters that it does not name go into the query or the
   * body.
   */
  readonly path: string
  readonly parameters: P
  readonly result: R
  /** Schema of the reports before the result; missing: the operation does not stream. */
  readonly progress?: G
  /** True for a {@link feedOperation}. */
  readonly isFeed?: boolean
  /** Longest time until the response begins, ms; default 10 s. */
  readonly timeoutMs?: number
  /** Longest body of a request, bytes; default 64 KiB. */
  readonly bodyMaxBytes?: number
  /** Commands that send this operation; help lists them in the order of the registry. */
  readonly commands: readonly CommandShape<Static<P>, StaticOf<R>, StaticOf<G>>[]
  /**
   * Runs the operation. May reject with an ApiError. A streaming operation yields its progress and
   * returns its result; its signal aborts when the client goes away.
   */
  run(control: ClusterControl, parameters: Static<P>, signal: AbortSignal): Outcome<StaticOf<R>, StaticOf<G>>
}

export type Method = 'GET' | 'PUT' | 'DELETE' | 'POST' | 'PATCH'

/** Declares an operation; the types of its parameters and result follow from the schemas. */
export function operation<const N extends string, P extends TObject, R extends TSchema | LazySchema>(
  row: Omit<Operation<N, P, R, never>, 'progress' | 'run'> & {
    run(control: ClusterControl, parameters: Static<P>): Promise<DeepReadonly<StaticOf<R>>>
  },
): Operation<N, P, R, never> {
  return row
}

/** Declares an operation that reports its progress before its result. */
export function streamingOperation<
  const N extends string,
  P extends TObject,
  R extends TSchema | LazySchema,
  G extends TSchema | LazySchema,
>(
  row: Omit<Operation<N, P, R, G>, 'run'> & {
    readonly progress: G
    run(control: ClusterControl, parameters: Static<P>, signal: AbortSignal): Steps<StaticOf<R>, StaticOf<G>>
  },
): Operation<N, P, R, G> & { readonly progress: G } {
  return row
}

/**
 * Declares a feed: an operation whose progress is its response, one JSON document per line or
 * server-sent events, and that has no result. It has parameters `since`, which the header
 * Last-Event-ID overrides, and `follow`, whose default is true for server-sent events. Each
 * document has its place as `seq`.
 */
export function feedOperation<const N extends string, P extends TObject, G extends TSchema | LazySchema>(
  row: Omit<Operation<N, P, TNull, G>, 'run' | 'result' | 'isFeed'> & {
    readonly progress: G
    run(
      control: ClusterControl,
      parameters: Static<P>,
      signal: AbortSignal,
    ): AsyncGenerator<DeepReadonly<StaticOf<G>>, void, undefined>
  },
): Operation<N, P, TNull, G> & { readonly progress: G; readonly isFeed: true } {
  return {
    ...row,
    isFeed: true,
    result: Null(),
    async *run(control, parameters, signal) {
      yield* row.run(control, parameters, signal)
      return null
    },
  }
}

/** Part of an HTTP request that has a parameter. */
export type Place = 'path' | 'query' | 'body'

/**
 * Returns the place of a parameter: the path if it names it, else the body if the method has one.
 */
export function placeOf({ method, path }: Pick<Operation, 'method' | 'path'>, parameter: string): Place {
  if (path.split('/').includes(`:${parameter}`)) return 'path'
  return method === 'GET' || method === 'DELETE' ? 'query' : 'body'
}

/** Schema of the parameters that are in one place; undefined if there are none. */
export function schemaOf(
  row: Pick<Operation, 'method' | 'path' | 'parameters'>,
  place: Place,
): PlaceSchema | undefined {
  const entries = Object.entries(row.parameters.properties).filter(([name]) => placeOf(row, name) === place)
  if (entries.length === 0) return undefined
  const names = entries.map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(entries),
    required: (row.parameters.required ?? []).filter((name) => names.includes(name)),
    additionalProperties: false,
    // A change that changes nothing is an error.
    ...(place === 'body' && row.method === 'PATCH' && { minProperties: 1 }),
  }
}

export interface PlaceSchema {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, TSchema>>
  readonly required: readonly string[]
  readonly additionalProperties: false
  readonly minProperties?: number
}
