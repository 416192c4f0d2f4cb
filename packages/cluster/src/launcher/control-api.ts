import { createServer, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ApiServerOptions } from '../api/server.js'

/**
 * Address and port of the control API. They are bound first, since two clusters in one block are
 * detected by them. Requests are served when the server has been loaded. That takes longer than to
 * fork all roles, which need not wait for it.
 */
export class ControlApi {
  readonly #options: ApiServerOptions
  readonly #claim: Server = createServer((socket) => socket.destroy())
  #served: Promise<FastifyInstance> | undefined

  constructor(options: ApiServerOptions) {
    this.#options = options
  }

  /** Binds address and port. Rejects if another program has them. */
  claim(): Promise<void> {
    const { address: host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#claim.once('error', reject).listen({ host, port }, () => {
        this.#claim.off('error', reject)
        resolve()
      })
    })
  }

  /** Responds to requests from now on. */
  async serve(): Promise<void> {
    this.#served ??= this.#serve()
    await this.#served
  }

  async close(): Promise<void> {
    this.#claim.close()
    const server = await this.#served?.catch(() => undefined)
    await server?.close()
  }

  async #serve(): Promise<FastifyInstance> {
    const { createApiServer } = await import('../api/server.js')
    const { address: host, port } = this.#options
    const server = createApiServer(this.#options)
    await server.ready()
    this.#claim.close() // the port is free at once; earlier connections have been refused
    await server.listen({ host, port })
    return server
  }
}
