import type { Contract, Handlers, LoadContract, SendEvent } from './contract.js'
import { loadCheck, type MessageCheck } from './load-check.js'
import type { RpcReport, RpcRequest } from './messages.js'

type Handler = (params: unknown) => unknown

/**
 * Responds to the requests of the process that has forked this one, for as long as this one lives.
 * A process that was started by hand has no such channel; then there is nothing to do.
 *
 * @param loadContract imports the contract if messages are to be checked
 */
export async function serve<C extends Contract>(handlers: Handlers<C>, loadContract: LoadContract): Promise<void> {
  if (process.send === undefined) return
  const check = await loadCheck(loadContract)
  const byName = new Map(Object.entries<Handler>(handlers as unknown as Record<string, Handler>))
  process.on('message', (message: unknown) => {
    if (isRequest(message)) void respond(byName, message, check)
  })
}

/**
 * Sends a report to the process that has forked this one; without such a process it is discarded.
 *
 * @param onSent called when the channel has taken the report, or has discarded it
 */
export function sendReport(report: RpcReport, onSent: () => void = () => {}): void {
  if (process.connected) process.send?.(report, undefined, undefined, onSent)
  else onSent()
}

/** Returns the function that sends reports of a contract. */
export function eventSender<C extends Contract>(): SendEvent<C> {
  return (event, data) => sendReport({ kind: 'event', event, data })
}

function isRequest(message: unknown): message is RpcRequest {
  return typeof message === 'object' && message !== null && (message as { kind?: unknown }).kind === 'request'
}

async function respond(
  handlers: ReadonlyMap<string, Handler>,
  { id, method, params }: RpcRequest,
  check: MessageCheck | undefined,
): Promise<void> {
  const handler = handlers.get(method)
  try {
    if (handler === undefined) throw new Error(`there is no method '${method}'`)
    check?.params(method, params)
    sendReport({ kind: 'response', id, result: (await handler(params)) ?? null })
  } catch (error) {
    sendReport({ kind: 'response', id, error: error instanceof Error ? error.message : String(error) })
  }
}
