import { connect, type Socket } from 'node:net'

/** Address and port at which a neighbour is dialled, and the local address. */
export interface DialTarget {
  readonly host: string
  readonly port: number
  readonly localAddress: string
}

/** TCP connection to a neighbour, as a session uses it. */
export interface Connection {
  /** True until the connection is up. */
  readonly isConnecting: boolean
  readonly isDestroyed: boolean
  /**
   * Sends bytes, which must not change any more. Returns false if the caller should wait for
   * {@link ConnectionHandlers.onDrain}.
   */
  write(bytes: Uint8Array): boolean
  /** Closes this direction behind what was written. */
  end(): void
  destroy(): void
  /** Stops reading until {@link resume}. */
  pause(): void
  resume(): void
}

export interface ConnectionHandlers {
  onConnect(): void
  onBytes(bytes: Uint8Array): void
  onDrain(): void
  /** Called once, never within a call of the connection's owner. */
  onClose(reason: string): void
}

/** Opens a connection. */
export type Dial = (target: DialTarget, handlers: ConnectionHandlers) => Connection

/** Opens a TCP connection. */
export const dialSocket: Dial = (target, handlers) =>
  socketConnection(connect({ ...target, noDelay: true }), target, handlers)

/** Returns the connection of a socket. */
export function socketConnection(socket: Socket, target: DialTarget, handlers: ConnectionHandlers): Connection {
  let reason = 'closed by the peer'
  socket.on('connect', () => handlers.onConnect())
  socket.on('data', (bytes: Buffer) => handlers.onBytes(bytes))
  socket.on('drain', () => handlers.onDrain())
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reason = reasonOf(error, target)
  })
  socket.on('close', () => handlers.onClose(reason))
  return {
    get isConnecting() {
      return socket.connecting
    },
    get isDestroyed() {
      return socket.destroyed
    },
    write: (bytes) => socket.write(bytes),
    end: () => {
      socket.end()
    },
    destroy: () => {
      socket.destroy()
    },
    pause: () => {
      socket.pause()
    },
    resume: () => {
      socket.resume()
    },
  }
}

function reasonOf({ code, message, syscall }: NodeJS.ErrnoException, target: DialTarget): string {
  const { host, port, localAddress } = target
  if (code === 'ECONNREFUSED') return `nothing listens on ${host}:${port} (ECONNREFUSED)`
  if (code === 'ECONNRESET') return 'reset by the peer (ECONNRESET)'
  if (syscall === 'connect' || syscall === 'bind')
    return `${host}:${port} can't be reached from ${localAddress} (${code})`
  return code ?? message
}
