/**
 * The channel between the launcher and the roles that it forked: requests and answers over node's IPC. A role that was
 * started by hand has no such channel, and serves all the same.
 */

/** Launcher to role. */
export interface ManagementRequest {
  readonly kind: 'request'
  readonly id: number
  readonly method: string
  readonly params: unknown
}

/** Role to launcher. */
export type ManagementMessage =
  | { readonly kind: 'ready'; readonly info: unknown }
  | { readonly kind: 'event'; readonly event: string; readonly data: unknown }
  | { readonly kind: 'response'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'response'; readonly id: number; readonly error: string }

/** Methods that a role answers. A handler may throw or reject; the message goes back as the error. */
export type ManagementHandlers = Readonly<Record<string, (params: never) => unknown>>

/** Answers the launcher's requests for as long as the process lives. Without a launcher it does nothing. */
export function serveManagement(handlers: ManagementHandlers): void {
  if (process.send === undefined) return
  process.on('message', (message: unknown) => {
    if (isRequest(message)) void answer(handlers, message)
  })
}

/** Tells the launcher something; lost without complaint when there is none. */
export function tellLauncher(message: ManagementMessage): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

function isRequest(message: unknown): message is ManagementRequest {
  return typeof message === 'object' && message !== null && (message as { kind?: unknown }).kind === 'request'
}

async function answer(handlers: ManagementHandlers, { id, method, params }: ManagementRequest): Promise<void> {
  const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined
  try {
    if (handler === undefined) throw new Error(`no such method: ${method}`)
    tellLauncher({ kind: 'response', id, result: (await handler(params as never)) ?? null })
  } catch (error) {
    tellLauncher({ kind: 'response', id, error: error instanceof Error ? error.message : String(error) })
  }
}
