/** What the owner of a {@link StreamSocket} hears. Nothing after {@link onClose}. */
export interface StreamSocketHandlers {
  /** A dialled socket is connected. An accepted one is from the start, and does not say so. */
  onOpen?(): void
  /** Bytes have come: `b[0, length)`, valid for the time of the call, unless {@link nextBuffer} answers with another buffer. */
  onRead(b: Uint8Array, length: number): void
  /**
   * Where the next read goes; asked after each. Another buffer than the last one leaves that to whoever has kept it.
   * A socket that brings its own buffers does not ask.
   */
  nextBuffer(): Uint8Array
  /** The peer sends no more. */
  onReadEnd(): void
  /** The kernel has taken `bytes` that {@link StreamSocket.write} could not pass on at once: the memory is the writer's again. */
  onWritten(bytes: number): void
  /**
   * Closed, once and last. @param error errno code (`ECONNRESET`, …); undefined: both ends have finished, or we closed it
   */
  onClose(error: string | undefined): void
}

/**
 * A TCP socket of the kernel without what a stream adds: reads go into buffers of the owner's choice, writes that the
 * kernel takes at once leave nothing behind, and nothing is queued, counted or called later for them. Half-open: each
 * direction ends by itself. No Nagle delay.
 */
export interface StreamSocket {
  /** Dotted quad; empty when the peer has gone already. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** Bytes written that the kernel has not taken. */
  readonly pendingBytes: number
  /**
   * Begins: handlers are called from now on, never within this call. To be called once; on a dialled socket in the turn that
   * made it.
   */
  start(handlers: StreamSocketHandlers): void
  /**
   * Sends bytes behind all that was written before.
   * @returns true: the kernel has them, the memory is the caller's again; false: it must not change until `onWritten`
   */
  write(b: Uint8Array): boolean
  /** The same for several pieces, in one system call. */
  writev(pieces: readonly Uint8Array[]): boolean
  /** FIN behind what was written. */
  end(): void
  pause(): void
  resume(): void
  /** RST, where the state allows it; what is pending is lost. */
  reset(): void
  /** Closes; what is pending is lost. */
  destroy(): void
}

export interface StreamDialOptions {
  readonly address: string
  readonly port: number
  readonly localAddress: string
  /** Default: any. */
  readonly localPort?: number
}

export interface StreamListenOptions {
  readonly address: string
  readonly port: number
  /**
   * Whether other workers of the same node:cluster primary listen here, too, on one socket of the kernel's from which
   * whoever is free takes the next connection; the primary must have chosen `SCHED_NONE`. Default: nobody else does.
   */
  readonly isShared?: boolean
  /** A connection was accepted: it is to be started, reset or destroyed, in this call or later. */
  readonly onConnection: (socket: StreamSocket) => void
  /** A connection could not be accepted, and its client is turned away: errno (`EMFILE`, ...). Default: nothing. */
  readonly onAcceptError?: (code: string) => void
}

export interface StreamListener {
  /** Stops listening. Accepted sockets go on. Resolves when the address is free. */
  close(): Promise<void>
}

/** A way to get sockets. */
export interface StreamSockets {
  /** Errors, those of binding too, come by `onClose`. */
  dial(options: StreamDialOptions): StreamSocket
  /** Rejects with an Error that has errno's `code`. */
  listen(options: StreamListenOptions): Promise<StreamListener>
}
