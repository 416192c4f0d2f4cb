import type { Static, TObject, TSchema } from 'typebox'
import type { ClusterControl } from './control.js'

/** One operation of the API, as data: the server, the OpenAPI document and the tests are made from the list of them. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'DELETE' | 'POST' | 'PATCH'
  /** As in /v1/lbs/:lb/vips. */
  readonly path: string
  /** One line for the document. */
  readonly summary: string
  readonly params?: TObject
  readonly query?: TObject
  readonly body?: TSchema
  /** Of a 200. */
  readonly response: TSchema
  /** What a request that satisfies the schemas is answered with; may reject with an ApiError. */
  readonly handle: (control: ClusterControl, request: RouteRequest) => Promise<unknown>
}

/** A request's parts, once they satisfy the route's schemas. */
export interface RouteRequest {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
}

interface TypedRoute<P extends TObject, Q extends TObject, B extends TSchema>
  extends Pick<Route, 'method' | 'path' | 'summary' | 'response'> {
  readonly params?: P
  readonly query?: Q
  readonly body?: B
  readonly handle: (
    control: ClusterControl,
    request: { readonly params: Static<P>; readonly query: Static<Q>; readonly body: Static<B> },
  ) => Promise<unknown>
}

/** Declares a route whose handler sees the types of its schemas. */
export function route<P extends TObject, Q extends TObject, B extends TSchema>(typed: TypedRoute<P, Q, B>): Route {
  return typed as unknown as Route
}
