import type { Socket } from 'node:net'
import { connectTo } from './connect.js'
import type { LoadOptions, RequestKind } from './load.js'
import type { Window } from './window.js'

const READ_BYTES = 256 * 1024
/** Chunk of a body, which is sent repeatedly. */
const BLOCK = Buffer.alloc(256 * 1024, 'x')
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * One connection of a closed loop over bare sockets, for loads that autocannon can't measure. With
 * `reconnectRate: 1` it drops every response uncounted, and it decodes each body to a string, which
 * costs more than receiving it.
 */
export class RawConnection {
  readonly #options: LoadOptions
  readonly #window: Window
  readonly #kind: RequestKind
  readonly #request: string
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES)
  #socket: Socket | undefined
  #startedMs = 0
  /** Bytes of the response still to come; -1 while its head is incomplete. */
  #left = -1
  #head = Buffer.alloc(0)
  #isOver = false

  constructor(options: LoadOptions, window: Window, kind: RequestKind) {
    this.#options = options
    this.#window = window
    this.#kind = kind
    const { host, port, path } = options
    const { method, bodyBytes, isFresh } = kind
    const more = [
      ...(bodyBytes > 0 ? [`content-length: ${bodyBytes}\r\n`] : []),
      ...(isFresh ? ['connection: close\r\n'] : []),
    ]
    this.#request = `${method} ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n${more.join('')}\r\n`
  }

  start(): void {
    this.#begin()
    this.#socket = connectTo(this.#options, this.#buffer, {
      onBytes: (bytes) => this.#onBytes(this.#buffer.subarray(0, bytes)),
      onClose: (failure) => {
        if (this.#isOver) return
        if (failure !== undefined) this.#window.error(failure)
        else if (this.#left !== 0) this.#window.error('PEER_CLOSED')
        this.start()
      },
    })
    this.#send(this.#socket)
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

  #send(socket: Socket): void {
    socket.write(this.#request)
    if (this.#kind.bodyBytes > 0) this.#sendBody(socket, this.#kind.bodyBytes)
  }

  #sendBody(socket: Socket, left: number): void {
    const bytes = Math.min(left, BLOCK.length)
    socket.write(BLOCK.subarray(0, bytes), (error) => {
      if (error) return
      this.#window.received(bytes)
      if (left > bytes) this.#sendBody(socket, left - bytes)
    })
  }

  #onBytes(bytes: Buffer): void {
    if (this.#kind.bodyBytes === 0) this.#window.received(bytes.length)
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
    if (this.#kind.isFresh) return // the server closes, and then the next one starts
    this.#begin()
    if (this.#socket) this.#send(this.#socket)
  }
}
