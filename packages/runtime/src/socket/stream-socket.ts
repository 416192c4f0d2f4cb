/** Handlers of the owner of a {@link StreamSocket}. None is called after {@link onClose}. */
export interface StreamSocketHandlers {
  /** A dialled socket is connected. Not called for an accepted socket. */
  onOpen?(): void
  /**
   * Takes the bytes `b[0, length)`. They are valid during the call, or longer if {@link nextBuffer}
   * returns another buffer.
   */
  onRead(b: Uint8Array, length: number): void
  /**
   * Returns the buffer for the next read; called after each. If it differs from the last one, that
   * one belongs to the owner. Sockets with buffers of their own do not call it.
   */
  nextBuffer(): Uint8Array
  /** The peer has sent FIN. */
  onReadEnd(): void
  /**
   * The kernel has taken `bytes` that {@link StreamSocket.write} could not pass on at once. The
   * memory belongs to the writer again.
   */
  onWritten(bytes: number): void
  /**
   * The socket is closed. Called once and last.
   *
   * @param error errno code (`ECONNRESET`, …); undefined: both ends have finished, or the owner has
   * closed it
   */
  onClose(error: string | undefined): void
}

/**
 * A TCP socket of the kernel without a stream on top. Reads go into buffers that the owner chooses.
 * For writes that the kernel takes at once nothing is queued, counted or called later. Half-open:
 * each direction ends by itself. No Nagle delay.
 */
export interface StreamSocket {
  /** Dotted quad; empty if the peer has gone already. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** Number of written bytes that the kernel has not taken. */
  readonly pendingBytes: number
  /**
   * Starts the socket: handlers are called from now on, never within this call. Must be called
   * once; on a dialled socket in the turn of the dial.
   */
  start(handlers: StreamSocketHandlers): void
  /**
   * Sends bytes behind all that was written before.
   * @returns true: the kernel has them, and the memory belongs to the caller again; false: it must
   * not change until `onWritten`
   */
  write(b: Uint8Array): boolean
  /** Sends several pieces in one system call, like {@link write}. */
  writev(pieces: readonly Uint8Array[]): boolean
  /** Sends FIN behind all that was written. */
  end(): void
  pause(): void
  resume(): void
  /** Sends RST, if the state allows it; pending bytes are lost. */
  reset(): void
  /** Closes the socket; pending bytes are lost. */
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
   * True if other workers of the same node:cluster primary listen here, too, on one shared socket
   * of the kernel, from which any free worker takes the next connection. The primary must have
   * chosen `SCHED_NONE`. Default: false.
   */
  readonly isShared?: boolean
  /** Takes an accepted connection, which must be started, reset or destroyed, now or later. */
  readonly onConnection: (socket: StreamSocket) => void
  /**
   * A connection could not be accepted, and its client is refused: errno (`EMFILE`, …). Default:
   * nothing.
   */
  readonly onAcceptError?: (code: string) => void
}

export interface StreamListener {
  /** Stops listening. Accepted sockets stay open. Resolves when the address is free. */
  close(): Promise<void>
}

/** Source of sockets. */
export interface StreamSockets {
  /** Dials a peer. All errors, those of a bind too, are reported by `onClose`. */
  dial(options: StreamDialOptions): StreamSocket
  /** Listens. Rejects with an Error whose `code` is the errno. */
  listen(options: StreamListenOptions): Promise<StreamListener>
}
