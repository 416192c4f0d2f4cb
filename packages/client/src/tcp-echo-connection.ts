import type { Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'
import { errorCode } from './error-code.js'
import { openSocket } from './open-socket.js'
import type { ProbeConnection, ProbeConnectionOptions } from './probe-connection.js'
import { type Abandon, type Done, RequestQueue } from './request-queue.js'

export interface TcpEchoOptions extends ProbeConnectionOptions {
  /** Bytes of each request, at least one. */
  readonly payload: Buffer
  /** True for one request per connection. */
  readonly isSingleUse: boolean
}

/**
 * One raw TCP connection at a time, to a server that sends all bytes back (RFC 862). A request is
 * complete when its bytes are back, unchanged. Requests are queued.
 */
export class TcpEchoConnection implements ProbeConnection {
  readonly #options: TcpEchoOptions
  readonly #queue = new RequestQueue((finish) => this.#begin(finish))
  #socket: Socket | undefined
  #flow = 0
  #received = 0
  /** Ends the request that is under way. */
  #finish: Done = () => {}
  #stopOpening: Abandon = () => {}

  constructor(options: TcpEchoOptions) {
    this.#options = options
  }

  send(done: Done): Abandon {
    return this.#queue.send(done)
  }

  async destroy(): Promise<void> {
    this.#stopOpening()
    this.#socket?.destroy()
  }

  #begin(finish: Done): Abandon {
    let isFinished = false
    this.#finish = (error) => {
      if (isFinished) return
      isFinished = true
      finish(error)
    }
    this.#received = 0
    const { bytes, payload } = this.#options
    bytes.up += payload.length
    if (this.#socket !== undefined) this.#socket.write(payload)
    else this.#open()
    // While the connection is being opened it stays so, for the requests that wait behind.
    return () => this.#socket?.destroy()
  }

  #open(): void {
    this.#stopOpening = openSocket({ ...this.#options, timeoutMs: this.#options.connectTimeoutMs }, (error, socket) => {
      if (socket === null) this.#finish(errorCode(error))
      else {
        this.#follow(socket)
        socket.write(this.#options.payload)
      }
    })
  }

  #follow(socket: Socket): void {
    const { ledger, now, number } = this.#options
    const flow = ledger.open(`${socket.localAddress}:${socket.localPort}`, now(), number)
    this.#socket = socket
    this.#flow = flow
    let end = 'closed'
    let failure = 'PEER_CLOSED'
    socket.on('data', (chunk) => this.#receive(socket, chunk))
    socket.once('end', () => {
      if (wasSocketReset(socket)) failure = 'ECONNRESET'
      end = failure === 'ECONNRESET' ? failure : end
    })
    socket.once('error', (error) => {
      failure = errorCode(error)
      end = failure
    })
    socket.once('close', () => {
      ledger.close(flow, end)
      if (this.#socket !== socket) return
      this.#socket = undefined
      this.#finish(failure)
    })
  }

  #receive(socket: Socket, chunk: Buffer): void {
    const { bytes, ledger, now, isSingleUse, payload } = this.#options
    const end = this.#received + chunk.length
    bytes.down += chunk.length
    if (end > payload.length || chunk.compare(payload, this.#received, end) !== 0) {
      this.#close(socket)
      this.#finish('NOT_AN_ECHO')
      return
    }
    this.#received = end
    if (end < payload.length) return
    ledger.response(this.#flow, now(), undefined)
    if (isSingleUse) this.#close(socket)
    this.#finish(undefined)
  }

  /** Closes the socket, and opens another one for the next request. */
  #close(socket: Socket): void {
    this.#socket = undefined
    socket.destroy()
  }
}
