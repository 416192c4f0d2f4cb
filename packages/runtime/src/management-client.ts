import type { ManagementMessage, ManagementRequest } from './management.js'

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** The asking end of a management channel: matches a process's answers to what it was asked. */
export class ManagementClient {
  readonly #name: string
  readonly #send: (request: ManagementRequest) => void
  readonly #pending = new Map<number, Pending>()
  #nextId = 1

  /** @param name how errors call the process */
  constructor(name: string, send: (request: ManagementRequest) => void) {
    this.#name = name
    this.#send = send
  }

  /**
   * Asks the process, which must be ready: it would not hear before. Rejects with what it says is wrong, or when it does not answer in time.
   * @param timeoutMs Infinity: as long as it lives
   */
  request(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        if (this.#pending.delete(id))
          reject(new Error(`${this.#name} did not answer '${method}' within ${timeoutMs} ms`))
      }
      // After a stall of this very process the timer is seen before the answer that lies in the channel: look there first.
      const timer = Number.isFinite(timeoutMs)
        ? setTimeout(() => setImmediate(() => setImmediate(giveUp)), timeoutMs)
        : undefined
      this.#pending.set(id, {
        resolve: (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      this.#send({ kind: 'request', id, method, params })
    })
  }

  /** Takes an answer of the process. */
  settle(message: ManagementMessage & { readonly kind: 'response' }): void {
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if ('error' in message) pending?.reject(new Error(message.error))
    else pending?.resolve(message.result)
  }

  /** No answers will come any more, or none that anybody should wait for. */
  rejectAll(why: string): void {
    for (const { reject } of this.#pending.values()) reject(new Error(why))
    this.#pending.clear()
  }
}
