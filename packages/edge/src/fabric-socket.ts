import { strict as assert } from 'node:assert'
import { Duplex } from 'node:stream'
import { formatEndpoint } from '@fivetuple/packet'
import type { Clock } from '@fivetuple/runtime'
import type { Flow, FlowApplication, FlowFailure } from './flow.js'
import type { TcpEdge } from './tcp-edge.js'

/** Why a {@link FabricSocket} failed, in the words of errno. */
export type FabricErrorCode =
  | 'EADDRNOTAVAIL'
  | 'ECONNABORTED'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EHOSTUNREACH'
  | 'ETIMEDOUT'

/** What a {@link FabricSocket} needs of its host. Addresses are 32-bit numbers. */
export interface FabricSocketOptions {
  readonly edge: TcpEdge
  readonly clock: Clock
  readonly localAddress: number
  readonly localPort: number
  readonly remoteAddress: number
  readonly remotePort: number
  /** Why a SYN came to nothing when it was not by a RST: ICMP or the lack of a route. */
  readonly unreachableCode: () => FabricErrorCode | undefined
  /** The application has closed; the flow has still to end, and somebody has to see to it that it does. */
  readonly onLinger: (flow: Flow) => void
  /** The flow is gone; its port is free. Called exactly once. */
  readonly onReleased: () => void
}

/**
 * One TCP connection over the fabric as a Node stream, close enough to net.Socket for HTTP clients: it emits 'connect',
 * holds back either direction when the other end is slow, and ends its directions one by one.
 *
 * `destroy()` closes as close(2) does: the peer sees FIN, or RST when it is still sending or bytes lie unread.
 * {@link resetAndDestroy} is RST at once.
 */
export class FabricSocket extends Duplex {
  readonly #options: FabricSocketOptions
  #flow: Flow | undefined
  /** The SYN is on its way. */
  connecting = true
  /** Bytes that nobody has asked for yet: they keep the peer's window shut. */
  #unconsumed = 0
  /** Takes the next write; set while the send buffer is full. */
  #resumeWriting: (() => void) | undefined

  constructor(options: FabricSocketOptions) {
    super({ allowHalfOpen: true })
    this.#options = options
  }

  /** Sends the SYN. For the host, once. */
  connect(): void {
    const { edge, clock, localAddress, localPort, remoteAddress, remotePort } = this.#options
    const flow = edge.connect(localAddress, localPort, remoteAddress, remotePort, this.#application, clock.now())
    assert(flow !== undefined, 'the host has given a port that is in use')
    this.#flow = flow
  }

  /** Destroys the stream with an error when there is no connection, or none any more. For the host. */
  fail(code: FabricErrorCode): void {
    const { remoteAddress, remotePort } = this.#options
    const syscall = this.connecting ? 'connect' : 'read'
    const error = new Error(`${syscall} ${code} ${formatEndpoint(remoteAddress, remotePort)}`)
    this.destroy(Object.assign(error, { code, syscall }))
  }

  /** RST, whatever is under way. */
  resetAndDestroy(error?: Error): this {
    if (this.#flow !== undefined) this.#options.edge.abort(this.#flow, this.#options.clock.now())
    return this.destroy(error)
  }

  override _read(): void {
    const bytes = this.#unconsumed
    if (bytes === 0 || this.#flow === undefined) return
    this.#unconsumed = 0
    this.#options.edge.consumed(this.#flow, bytes, this.#options.clock.now())
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    // The edge keeps bytes until they are acknowledged; the writer has its buffer back when the callback is called.
    const hasRoom = this.#options.edge.send(this.#flow!, new Uint8Array(chunk), this.#options.clock.now())
    if (hasRoom) callback()
    else this.#resumeWriting = callback
  }

  override _final(callback: () => void): void {
    this.#options.edge.shutdown(this.#flow!, this.#options.clock.now())
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    const flow = this.#flow
    if (flow !== undefined && !flow.closed) this.#leave(flow)
    callback(error)
  }

  /** The stream is done with while the flow still stands. */
  #leave(flow: Flow): void {
    const { edge, clock, onLinger } = this.#options
    const now = clock.now()
    const hasUnread = this.readableLength > 0 || this.#unconsumed > 0
    if (this.connecting || hasUnread) {
      edge.abort(flow, now) // RFC 2525 §2.17: closing on unread bytes is a reset
      return
    }
    edge.shutdown(flow, now)
    if (!flow.closed) onLinger(flow)
  }

  readonly #application: FlowApplication = {
    onConnected: () => {
      this.connecting = false
      this.emit('connect')
    },
    onData: (b, start, end) => {
      const flow = this.#flow!
      const { edge, clock } = this.#options
      if (this.destroyed) {
        edge.abort(flow, clock.now()) // nobody will read it: as a kernel answers data for a closed socket
        return
      }
      // The bytes belong to whoever read the cable.
      if (this.push(Buffer.from(b.subarray(start, end)))) edge.consumed(flow, end - start, clock.now())
      else this.#unconsumed += end - start
    },
    onEnd: () => {
      this.push(null)
    },
    onWritable: () => {
      const resume = this.#resumeWriting
      this.#resumeWriting = undefined
      resume?.()
    },
    onFailure: (failure) => {
      this.#flow = undefined
      this.fail(this.#codeOf(failure))
    },
    onClosed: () => this.#options.onReleased(),
  }

  #codeOf(failure: FlowFailure): FabricErrorCode {
    switch (failure) {
      case 'refused':
        return this.#options.unreachableCode() ?? 'ECONNREFUSED'
      case 'reset':
        return 'ECONNRESET'
      case 'timeout':
        return 'ETIMEDOUT'
    }
  }
}
