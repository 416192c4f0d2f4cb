import type { Socket } from 'node:net'

/** First byte of a connection whose bytes are sent back: no request of HTTP begins with it. */
const NUL = 0

/** Connections over which all bytes are sent back (RFC 862), beside those of HTTP. */
export class TcpEcho {
  readonly #isStalled: () => boolean
  readonly #sockets = new Set<Socket>()

  /** @param isStalled returns true if a new connection is to get nothing back */
  constructor(isStalled: () => boolean) {
    this.#isStalled = isStalled
  }

  /**
   * Takes a connection if it is one for the echo: if its first byte is NUL.
   * @param head first bytes of the connection; the socket has no other reader
   * @returns false: it is left to HTTP
   */
  take(socket: Socket, head: Buffer): boolean {
    if (head[0] !== NUL) return false
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    socket.setNoDelay(true)
    if (this.#isStalled()) socket.resume()
    else {
      socket.write(head)
      socket.pipe(socket)
    }
    return true
  }

  /** Ends all its connections at once. */
  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}
