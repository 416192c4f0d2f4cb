/** Settings of one load: a closed loop, each connection has one request under way. */
export interface LoadOptions {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly connections: number
  /** Warm-up at the start, whose responses are not counted, ms. */
  readonly warmUpMs: number
  readonly measureMs: number
  /** Called when counting begins and when it ends, to read other figures of this window. */
  readonly onWindow: (edge: 'begin' | 'end') => void
  readonly signal: AbortSignal
}

/** Counts within the window. */
export interface LoadSample {
  readonly windowMs: number
  readonly requests: number
  /** Bytes received, heads included; of requests with a body: of the bodies sent. */
  readonly bytes: number
  /** Median latency; NaN if nothing was completed, like p99Ms. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Failures by code, over the whole run. */
  readonly errors: Readonly<Record<string, number>>
  /** CPU time of the load itself, if it is a process of its own. */
  readonly cpuSeconds?: number | undefined
}

/** Kind of request of a load. */
export interface RequestKind {
  readonly method: 'GET' | 'POST'
  /** Size of the request's body, bytes. */
  readonly bodyBytes: number
  /** True for a new connection for each request. */
  readonly isFresh: boolean
}

export const SMALL_GET: RequestKind = { method: 'GET', bodyBytes: 0, isFresh: false }

export type Load = (options: LoadOptions) => Promise<LoadSample>
