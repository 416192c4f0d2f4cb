import type { Clock, StreamSocket, StreamSocketHandlers } from '@fivetuple/runtime'
import type { Flow, FlowApplication, FlowFailure } from '../fabric/flow.js'
import type { TcpEdge } from '../fabric/tcp-edge.js'

/** Surroundings that all sockets of an edge share. */
export interface SocketEdge {
  readonly edge: TcpEdge
  readonly clock: Clock
}

/** Outcomes of a socket that is dialled for a flow. */
export interface DialHandlers {
  /** Connected; nothing has been sent yet. */
  onOpen(application: SocketApplication): void
  /** @param code errno */
  onFailure(application: SocketApplication, code: string): void
}

/**
 * A real socket at the end of a flow, as if the two were one connection: bytes, FIN and RST are
 * passed on in both directions, and a slow reader on either side delays only its own flow.
 */
export class SocketApplication implements FlowApplication, StreamSocketHandlers {
  readonly socket: StreamSocket
  /** Set before anything happens on the socket. */
  flow!: Flow
  readonly #shared: SocketEdge
  readonly #dial: DialHandlers | undefined
  #readBuffer: Uint8Array
  #lastRead = 0
  #isOpen: boolean
  /** True while bytes from the fabric are retained in place for the socket. */
  #isRetaining = false
  /** Bytes of {@link writeAhead} that the kernel has not accepted yet. */
  #aheadPending = 0
  /** True if the socket has sent FIN. */
  #hasReadEnd = false
  /** True if FIN has been sent to the socket. */
  #hasEnded = false

  /** @param dial handlers of a socket that is being connected */
  constructor(shared: SocketEdge, socket: StreamSocket, dial?: DialHandlers) {
    this.#shared = shared
    this.socket = socket
    this.#dial = dial
    this.#isOpen = dial === undefined
    this.#readBuffer = shared.edge.chunks.first
  }

  /** Writes bytes in front of the flow's, which are not part of it. */
  writeAhead(b: Uint8Array): void {
    if (!this.socket.write(b)) this.#aheadPending = b.length
  }

  // ---- the socket's side

  onOpen(): void {
    this.#isOpen = true
    this.#dial!.onOpen(this)
  }

  onRead(b: Uint8Array, length: number): void {
    const { edge, clock } = this.#shared
    this.#lastRead = length
    if (!edge.send(this.flow, edge.chunks.take(b, length), clock.now())) this.socket.pause()
  }

  nextBuffer(): Uint8Array {
    if (this.#lastRead > 0) this.#readBuffer = this.#shared.edge.chunks.next(this.#lastRead)
    return this.#readBuffer
  }

  onReadEnd(): void {
    this.#hasReadEnd = true
    this.#shared.edge.shutdown(this.flow, this.#shared.clock.now())
  }

  onWritten(bytes: number): void {
    if (this.socket.pendingBytes === 0) this.#releaseBytes()
    const ahead = Math.min(bytes, this.#aheadPending)
    this.#aheadPending -= ahead
    if (bytes > ahead) this.#shared.edge.consumed(this.flow, bytes - ahead, this.#shared.clock.now())
  }

  /** Aborts the flow if the socket has closed before both ends had sent FIN: it was reset. */
  onClose(error: string | undefined): void {
    this.#releaseBytes()
    if (!this.#isOpen) {
      if (error !== undefined) this.#dial!.onFailure(this, error)
    } else if (error !== undefined || !this.#hasReadEnd || !this.#hasEnded)
      this.#shared.edge.abort(this.flow, this.#shared.clock.now())
  }

  #retainBytes(): void {
    if (this.#isRetaining) return
    this.#isRetaining = true
    this.#shared.edge.retainBytes()
  }

  #releaseBytes(): void {
    if (!this.#isRetaining) return
    this.#isRetaining = false
    this.#shared.edge.releaseBytes()
  }

  // ---- the flow's side

  onConnected(): void {}

  onData(b: Uint8Array, start: number, end: number): void {
    const { socket } = this
    const { edge, clock } = this.#shared
    const length = end - start
    // While the kernel's buffer is full, bytes stay here until the reader reads. A small view must
    // not keep its whole chunk in memory.
    const pins = socket.pendingBytes > 0 && length * 2 < b.length
    if (socket.write(pins ? b.slice(start, end) : b.subarray(start, end))) edge.consumed(this.flow, length, clock.now())
    else if (!pins) this.#retainBytes()
  }

  onEnd(): void {
    this.#hasEnded = true
    this.socket.end()
  }

  onWritable(): void {
    this.socket.resume()
  }

  onFailure(_failure: FlowFailure): void {
    this.socket.reset()
  }

  onClosed(): void {
    // After both FINs the kernel may still be sending. If the flow ended otherwise, the socket is
    // reset, so that the bytes received do not look complete.
    if (!this.#hasEnded || !this.#hasReadEnd) this.socket.reset()
  }
}
