import type { LoadContract } from './contract.js'
import { loadCheck, type MessageCheck } from './load-check.js'
import { asRpcReport, type RpcRequest, type RpcResponse } from './messages.js'

interface Pending {
  readonly method: string
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export interface RpcClientOptions {
  /** Name of the process in errors. */
  readonly name: string
  readonly send: (request: RpcRequest) => void
  /** Called when the process takes requests. */
  readonly onReady: () => void
  /** Called with its reason if the process can't start. */
  readonly onFailed: (reason: string) => void
  /** Receives the events of the process, in order. */
  readonly onEvent: (event: string, data: unknown) => void
  /** Imports the contract of the process if messages are to be checked. */
  readonly contract: LoadContract
}

/** The requesting end of a channel to a process: matches responses to requests. */
export class RpcClient {
  readonly #options: RpcClientOptions
  readonly #check: Promise<MessageCheck> | undefined
  readonly #pending = new Map<number, Pending>()
  #nextId = 1

  constructor(options: RpcClientOptions) {
    this.#options = options
    this.#check = loadCheck(options.contract)
  }

  /**
   * Sends a request to the process, which must be ready: before, it would be discarded. Rejects
   * with the error that it reports, and if there is no response in time.
   *
   * @param timeoutMs Infinity: as long as the process lives
   */
  request(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const expire = (): void => {
        if (this.#pending.delete(id))
          reject(new Error(`${this.#options.name} did not respond to '${method}' within ${timeoutMs} ms`))
      }
      // After a stall of this very process the timer fires before the response in the channel is
      // read: read that first.
      const timer = Number.isFinite(timeoutMs)
        ? setTimeout(() => setImmediate(() => setImmediate(expire)), timeoutMs)
        : undefined
      this.#pending.set(id, {
        method,
        resolve: (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#options.send({ kind: 'request', id, method, params })
    })
  }

  /** Takes a message of the process. One that is no report is ignored. */
  receive(message: unknown): void {
    const report = asRpcReport(message)
    switch (report?.kind) {
      case 'ready':
        this.#options.onReady()
        return
      case 'failed':
        this.#options.onFailed(report.reason)
        return
      case 'event':
        this.#onEvent(report.event, report.data)
        return
      case 'response':
        this.#onResponse(report)
    }
  }

  /** With checks on, an invalid event ends this process: its sender must be corrected. */
  #onEvent(event: string, data: unknown): void {
    const { onEvent } = this.#options
    if (this.#check === undefined) onEvent(event, data)
    else
      void this.#check.then((check) => {
        check.event(event, data)
        onEvent(event, data)
      })
  }

  #onResponse(message: RpcResponse): void {
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if (pending === undefined) return
    if ('error' in message) pending.reject(new Error(message.error))
    else if (this.#check === undefined) pending.resolve(message.result)
    else
      this.#check
        .then((check) => {
          check.result(pending.method, message.result)
          pending.resolve(message.result)
        })
        .catch((error: Error) => pending.reject(error))
  }

  /** Rejects all open requests: there will be no responses any more, or none worth waiting for. */
  rejectAll(reason: string): void {
    for (const { reject } of this.#pending.values()) reject(new Error(reason))
    this.#pending.clear()
  }
}
