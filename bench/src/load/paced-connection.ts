import type { Socket } from 'node:net'
import { connectTo } from './connect.js'
import type { LoadOptions } from './load.js'
import type { Window } from './window.js'

const READ_BYTES = 64 * 1024
const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * One keep-alive connection of an open loop: asks when it is told to, one request after the other.
 */
export class PacedConnection {
  readonly #options: LoadOptions
  readonly #window: Window
  readonly #request: string
  readonly #buffer = Buffer.allocUnsafe(READ_BYTES)
  #socket: Socket | undefined
  /** When requests were due that are not completed, ms; the first is under way. */
  #due: number[] = []
  #answer = ''
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
        this.#due.shift() // the one that was under way has failed
        this.#answer = ''
        this.open()
        if (this.#due.length > 0) this.#send()
      },
    })
  }

  /** A request is due since so long, ms on the performance clock. */
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
    this.#answer += this.#buffer.toString('latin1', 0, bytes)
    const head = this.#answer.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#answer)?.[1])
    if (this.#answer.length < head + HEAD_END.length + length) return
    if (this.#answer.startsWith('HTTP/1.1 200 ')) this.#window.response(performance.now() - this.#due[0]!)
    else this.#window.error(`HTTP_${this.#answer.slice(9, 12)}`)
    this.#answer = ''
    this.#due.shift()
    if (this.#due.length > 0) this.#send()
  }
}
