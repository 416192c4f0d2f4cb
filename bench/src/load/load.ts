/** How one load is to be made: closed loop, each connection has one request under way. */
export interface LoadOptions {
  readonly host: string
  readonly port: number
  readonly path: string
  readonly connections: number
  /** Responses of this time at the start are not counted, ms. */
  readonly warmUpMs: number
  readonly measureMs: number
  /**
   * Called when counting begins and when it ends: the moments to read what else belongs to this
   * window.
   */
  readonly onWindow: (edge: 'begin' | 'end') => void
  readonly signal: AbortSignal
}

/** What was counted within the window. */
export interface LoadSample {
  readonly windowMs: number
  readonly requests: number
  /** Bytes received, heads included; of requests with a body: of the bodies sent. */
  readonly bytes: number
  /** NaN when nothing was completed; p99Ms, too. */
  readonly p50Ms: number
  readonly p99Ms: number
  /** Failures by code, over the whole run. */
  readonly errors: Readonly<Record<string, number>>
  /** Of the load itself, where it is a process of its own. */
  readonly cpuSeconds?: number | undefined
}

/** What each request of a load is. */
export interface RequestKind {
  readonly method: 'GET' | 'POST'
  /** Of the request's body. */
  readonly bodyBytes: number
  /** A new connection for each request. */
  readonly isFresh: boolean
}

export const SMALL_GET: RequestKind = { method: 'GET', bodyBytes: 0, isFresh: false }

export type Load = (options: LoadOptions) => Promise<LoadSample>
