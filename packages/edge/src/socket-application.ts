import type { Socket } from 'node:net'
import type { Clock } from '@fivetuple/runtime'
import type { Flow, FlowApplication, FlowFailure } from './flow.js'
import type { TcpEdge } from './tcp-edge.js'

/**
 * A real socket at the end of a flow, as if the two were one connection: bytes, FIN and RST go through in both
 * directions, and a slow reader on either side holds up nothing but its own flow.
 */
export class SocketApplication implements FlowApplication {
  readonly #edge: TcpEdge
  readonly #flow: Flow
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #onConnected: (() => void) | undefined
  /** Bytes given to the socket that the kernel has not taken. */
  #unconsumed = 0
  #ended = false

  /** @param onConnected called when the flow is established; for a flow whose socket has to wait for that */
  constructor(edge: TcpEdge, flow: Flow, socket: Socket, clock: Clock, onConnected?: () => void) {
    this.#edge = edge
    this.#flow = flow
    this.#socket = socket
    this.#clock = clock
    this.#onConnected = onConnected
    socket.on('end', this.#onSocketEnd)
    socket.on('close', this.#onSocketClose)
  }

  /** Bytes from the socket; nobody may change them any more. */
  readonly onSocketData = (chunk: Uint8Array): void => {
    if (!this.#edge.send(this.#flow, chunk, this.#clock.now())) this.#socket.pause()
  }

  onConnected(): void {
    this.#onConnected?.()
  }

  onData(b: Uint8Array, start: number, end: number): void {
    const socket = this.#socket
    const length = end - start
    const view = b.subarray(start, end)
    // While the kernel is full, bytes stay here for as long as the reader likes: a small view must not pin its chunk.
    const pins = socket.writableLength > 0 && length * 2 < b.length
    socket.write(pins ? Uint8Array.prototype.slice.call(view) : view, this.#onWritten)
    if (this.#unconsumed === 0 && socket.writableLength === 0)
      this.#edge.consumed(this.#flow, length, this.#clock.now())
    else this.#unconsumed += length
  }

  onEnd(): void {
    this.#ended = true
    this.#socket.end()
  }

  onWritable(): void {
    this.#socket.resume()
  }

  onFailure(_failure: FlowFailure): void {
    this.#socket.resetAndDestroy()
  }

  onClosed(): void {
    // After both FINs the kernel may still be sending; a socket whose flow ended otherwise has nothing to wait for.
    if (!this.#ended) this.#socket.destroy()
  }

  readonly #onWritten = (): void => {
    const left = this.#socket.writableLength
    const taken = this.#unconsumed - left
    if (taken <= 0) return
    this.#unconsumed = left
    this.#edge.consumed(this.#flow, taken, this.#clock.now())
  }

  readonly #onSocketEnd = (): void => {
    this.#edge.shutdown(this.#flow, this.#clock.now())
  }

  /** A socket that closes without both ends having finished was reset, by its peer or by us. */
  readonly #onSocketClose = (hadError: boolean): void => {
    if (hadError || !this.#socket.readableEnded || !this.#socket.writableFinished)
      this.#edge.abort(this.#flow, this.#clock.now())
  }
}
