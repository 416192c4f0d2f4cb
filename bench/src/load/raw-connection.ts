import { connect, type Socket } from 'node:net'
import type { LoadOptions } from './load.js'
import type { Window } from './window.js'

const READ_BYTES = 256 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * One connection of a closed loop over bare sockets, for what autocannon can't measure: with `reconnectRate: 1` it drops
 * every response uncounted, and it decodes each body to a string, which costs more than receiving it.
 */
export class RawConnection {
  readonly #options: LoadOptions
  readonly #window: Window
  readonly #isFresh: boolean
  readonly #request: string
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES)
  #socket: Socket | undefined
  #startedMs = 0
  /** Bytes of the answer still to come; -1: its head is not complete. */
  #left = -1
  #head = Buffer.alloc(0)
  #isOver = false

  /** @param isFresh a new connection for each request */
  constructor(options: LoadOptions, window: Window, isFresh: boolean) {
    this.#options = options
    this.#window = window
    this.#isFresh = isFresh
    const { host, port, path } = options
    this.#request = `GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n${isFresh ? 'connection: close\r\n' : ''}\r\n`
  }

  start(): void {
    const { host, port } = this.#options
    this.#begin()
    const socket = connect({
      host,
      port,
      noDelay: true,
      onread: {
        buffer: this.#buffer,
        callback: (bytes) => {
          this.#onBytes(this.#buffer.subarray(0, bytes))
          return true
        },
      },
    })
    this.#socket = socket
    socket.write(this.#request)
    let failure: string | undefined
    socket.on('error', (error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.message
    })
    socket.on('close', () => {
      if (this.#isOver) return
      if (failure !== undefined) this.#window.error(failure)
      else if (this.#left !== 0) this.#window.error('PEER_CLOSED')
      this.start()
    })
  }

  stop(): void {
    this.#isOver = true
    this.#socket?.destroy()
  }

  #begin(): void {
    this.#startedMs = performance.now()
    this.#left = -1
    this.#head = Buffer.alloc(0)
  }

  #onBytes(bytes: Buffer): void {
    this.#window.received(bytes.length)
    if (this.#left >= 0) this.#left -= bytes.length
    else {
      this.#head = Buffer.concat([this.#head, bytes])
      const end = this.#head.indexOf(HEAD_END)
      if (end < 0) return
      const head = this.#head.toString('latin1', 0, end)
      const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
      if (!head.startsWith('HTTP/1.1 200 ') || length === undefined) {
        this.#window.error(`HTTP_${head.slice(9, 12)}`)
        this.#socket?.destroy()
        this.#left = 0
        return
      }
      this.#left = Number(length) - (this.#head.length - end - HEAD_END.length)
    }
    if (this.#left > 0) return
    this.#window.response(performance.now() - this.#startedMs)
    if (this.#isFresh) return // the server closes, and with that the next one starts
    this.#begin()
    this.#socket?.write(this.#request)
  }
}
