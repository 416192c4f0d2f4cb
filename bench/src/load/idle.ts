import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Load, LoadOptions } from './load.js'

/** Number of connections opened at the same time. */
const CONCURRENCY = 128
/** Time without a response after which a connection counts as failed. */
const OPEN_MAX_MS = 10_000
/** Wait after they are closed, so that all hops drop them before the next contender is measured. */
const REST_MS = 500

/**
 * Holds connections open while another load runs. Each has had one small request completed, so it
 * is established along the whole path to the backend. Then it is idle.
 */
export function withIdle(count: number, load: Load): Load {
  return async (options) => {
    const idle = new IdleConnections(options)
    try {
      await idle.open(count)
      const sample = await load(options)
      const { failed, lost } = idle
      const errors = {
        ...sample.errors,
        ...(failed > 0 && { IDLE_FAILED: failed }),
        ...(lost > 0 && { IDLE_LOST: lost }),
      }
      return { ...sample, errors }
    } finally {
      idle.close()
      await sleep(REST_MS)
    }
  }
}

class IdleConnections {
  readonly #options: LoadOptions
  readonly #sockets: Socket[] = []
  #isOver = false
  /** Connections that were never established. */
  failed = 0
  /** Connections that ended without being closed. */
  lost = 0

  constructor(options: LoadOptions) {
    this.#options = options
  }

  async open(count: number): Promise<void> {
    let started = 0
    const lane = async (): Promise<void> => {
      while (started++ < count && !this.#options.signal.aborted) await this.#openOne()
    }
    await Promise.all(Array.from({ length: CONCURRENCY }, lane))
  }

  close(): void {
    this.#isOver = true
    for (const socket of this.#sockets) socket.destroy()
  }

  #openOne(): Promise<void> {
    const { host, port, path } = this.#options
    return new Promise((resolve) => {
      const socket = connect({ host, port, timeout: OPEN_MAX_MS })
      this.#sockets.push(socket)
      let isOpen = false
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`)
      socket.once('data', () => {
        isOpen = true
        socket.setTimeout(0)
        resolve()
      })
      socket.once('timeout', () => socket.destroy())
      socket.on('error', () => {})
      socket.once('close', () => {
        if (this.#isOver) return
        if (isOpen) this.lost++
        else this.failed++
        resolve()
      })
    })
  }
}
