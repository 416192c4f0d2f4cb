import type { Socket } from 'node:net'
import { connectTo } from './connect.js'
import type { LoadOptions } from './load.js'
import type { Window } from './window.js'

const READ_BYTES = 64 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')

/** One keep-alive connection of an open loop. It sends requests on demand, one after the other. */
export class PacedConnection {
  readonly #options: LoadOptions
  readonly #window: Window
  readonly #request: string
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES)
  #socket: Socket | undefined
  /** Due times of the requests that are not completed, ms. The first one is under way. */
  #due: number[] = []
  #response = ''
  #isOver = false

  constructor(options: LoadOptions, window: Window) {
    this.#options = options
    this.#window = window
    const { host, port, path } = options
    this.#request = `GET ${path} HTTP/1.1\r\nhost: ${host}:${port}\r\n\r\n`
  }

  open(): void {
    this.#socket = connectTo(this.#options, this.#buffer, {
      onBytes: (bytes) => this.#onBytes(bytes),
      onClose: (failure = 'PEER_CLOSED') => {
        if (this.#isOver) return
        this.#window.error(failure)
        this.#due.shift() // the request under way has failed
        this.#response = ''
        this.open()
        if (this.#due.length > 0) this.#send()
      },
    })
  }

  /**
   * Adds a request.
   * @param dueMs its due time, ms on the performance clock
   */
  due(at: number): void {
    this.#due.push(at)
    if (this.#due.length === 1) this.#send()
  }

  close(): void {
    this.#isOver = true
    this.#socket?.destroy()
  }

  #send(): void {
    this.#socket?.write(this.#request)
  }

  #onBytes(bytes: number): void {
    this.#window.received(bytes)
    this.#response += this.#buffer.toString('latin1', 0, bytes)
    const head = this.#response.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#response)?.[1])
    if (this.#response.length < head + HEAD_END.length + length) return
    if (this.#response.startsWith('HTTP/1.1 200 ')) this.#window.response(performance.now() - this.#due[0]!)
    else this.#window.error(`HTTP_${this.#response.slice(9, 12)}`)
    this.#response = ''
    this.#due.shift()
    if (this.#due.length > 0) this.#send()
  }
}
