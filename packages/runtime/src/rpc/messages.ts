/** Messages on the channel between a process and the one that has forked it, over node's IPC. */

/** From the process that has forked the other. */
export interface RpcRequest {
  readonly kind: 'request'
  readonly id: number
  readonly method: string
  readonly params: unknown
}

/** To the process that has forked this one. */
export type RpcReport =
  | { readonly kind: 'ready' }
  /** It can't start; the reason in words. Its end follows. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'event'; readonly event: string; readonly data: unknown }
  | RpcResponse

/** Response to the request with the same id. */
export type RpcResponse = { readonly kind: 'response'; readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: string }
)

/**
 * Returns a message of another process as a report; undefined if it is none. Only its frame is
 * examined: data and results are the contract's.
 */
export function asRpcReport(message: unknown): RpcReport | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  const { kind, id, event, reason, error } = message as Readonly<Record<string, unknown>>
  const isReport =
    kind === 'ready' ||
    (kind === 'failed' && typeof reason === 'string') ||
    (kind === 'event' && typeof event === 'string') ||
    (kind === 'response' && typeof id === 'number' && (error === undefined || typeof error === 'string'))
  return isReport ? (message as RpcReport) : undefined
}
