import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Load, LoadOptions } from './load.js'

/** Opened at the same time. */
const CONCURRENCY = 128
/** Without an answer until then, a connection counts as failed. */
const OPEN_MAX_MS = 10_000
/** After they are closed, for all hops to forget them before the next way is measured. */
const REST_MS = 500

/**
 * Holds connections open while another load runs. Each has had one small request completed, so it
 * stands on the whole way to the backend; then nothing more happens on it.
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
  /** That never stood. */
  failed = 0
  /** That stood and ended although nobody wanted it. */
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
