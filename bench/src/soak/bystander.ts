import { connect, type Socket } from 'node:net'

/** Time between two requests of a bystander, ms. */
const EVERY_MS = 100
const REQUEST = 'GET / HTTP/1.1\r\nhost: bystander\r\n\r\n'

/**
 * Keep-alive connection that no fault is aimed at. It must live for the whole run, and each request
 * on it must be completed, in order.
 */
export class Bystander {
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout
  #received = ''
  #sent = 0
  /** Responses received. */
  completed = 0
  /** Longest time without a response while one was due, ms. */
  longestPauseMs = 0
  /** Reason why the connection ended without being closed; undefined while it lives. */
  ended: string | undefined
  #lastMs = performance.now()
  #isClosing = false

  constructor(host: string, port: number, localAddress: string) {
    this.#socket = connect({ host, port, localAddress, noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#onData(text))
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.ended ??= error.code ?? error.message
    })
    this.#socket.on('close', () => {
      if (!this.#isClosing) this.ended ??= 'closed by the peer'
      clearInterval(this.#timer)
    })
    this.#timer = setInterval(() => this.#send(), EVERY_MS)
  }

  /** Local port; 0 before the connection is established. */
  get port(): number {
    return this.#socket.localPort ?? 0
  }

  close(): void {
    this.#isClosing = true
    clearInterval(this.#timer)
    this.#socket.destroy()
  }

  #send(): void {
    if (this.#socket.readyState !== 'open') return
    if (this.#sent === this.completed) this.#lastMs = performance.now()
    this.#sent++
    this.#socket.write(REQUEST)
  }

  #onData(text: string): void {
    this.#received += text
    for (;;) {
      const head = this.#received.indexOf('\r\n\r\n')
      if (head < 0) return
      const length = Number(/content-length: (\d+)/i.exec(this.#received.slice(0, head))?.[1])
      if (!this.#received.startsWith('HTTP/1.1 200 ') || Number.isNaN(length)) {
        this.ended = `not a response: ${JSON.stringify(this.#received.slice(0, 40))}`
        this.#socket.destroy()
        return
      }
      const end = head + 4 + length
      if (this.#received.length < end) return
      this.#received = this.#received.slice(end)
      this.completed++
      const now = performance.now()
      this.longestPauseMs = Math.max(this.longestPauseMs, now - this.#lastMs)
      this.#lastMs = now
    }
  }
}
