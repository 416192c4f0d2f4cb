import { createServer, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ApiServerOptions } from '../api/server.js'

/**
 * The control API's place on the network. It is taken first, since it tells two clusters in one block apart, and served when the
 * server has been loaded, which takes longer than to fork all roles: these need not wait for it.
 */
export class ControlApi {
  readonly #options: ApiServerOptions
  readonly #claim: Server = createServer((socket) => socket.destroy())
  #served: Promise<FastifyInstance> | undefined

  constructor(options: ApiServerOptions) {
    this.#options = options
  }

  /** Takes address and port. Rejects when somebody else has them. */
  claim(): Promise<void> {
    const { address: host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#claim.once('error', reject).listen({ host, port }, () => {
        this.#claim.off('error', reject)
        resolve()
      })
    })
  }

  /** Answers from now on. */
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
    this.#claim.close() // the port is free at once; who has connected has been turned away
    await server.listen({ host, port })
    return server
  }
}
