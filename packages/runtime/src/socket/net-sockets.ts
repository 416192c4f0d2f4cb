import { connect, createServer, type Socket } from 'node:net'
import { ignoreAcceptError } from '../listen.js'
import { wasSocketReset } from './reset-check.js'
import { ResetWatch, type WatchedSocket } from './reset-watch.js'
import type { StreamListenOptions, StreamSocket, StreamSocketHandlers, StreamSockets } from './stream-socket.js'

const BACKLOG = 4096

/**
 * Creates sockets by `node:net`, which work in any Node.js, with one watch for the sockets that are
 * not being read.
 */
export function netSockets(): StreamSockets {
  const watch = new ResetWatch()
  return {
    dial: ({ address, port, localAddress, localPort }) =>
      new NetSocket(
        connect({
          host: address,
          port,
          localAddress,
          ...(localPort === undefined ? {} : { localPort }),
          allowHalfOpen: true,
          noDelay: true,
        }),
        watch,
      ),
    listen({ address, port, isShared = false, onConnection }: StreamListenOptions) {
      const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
        onConnection(new NetSocket(socket, watch)),
      )
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        // Without `exclusive` each accept of a node:cluster worker would go through its primary.
        server.listen({ host: address, port, exclusive: !isShared, backlog: BACKLOG }, () => {
          server.off('error', reject)
          server.on('error', ignoreAcceptError)
          resolve({
            // Its callback would wait for all accepted sockets.
            async close() {
              server.close()
            },
          })
        })
      })
    },
  }
}

class NetSocket implements StreamSocket, WatchedSocket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly #socket: Socket
  readonly #watch: ResetWatch
  #handlers: StreamSocketHandlers | undefined
  #error: string | undefined
  pendingBytes = 0

  constructor(socket: Socket, watch: ResetWatch) {
    this.#watch = watch
    this.#socket = socket
    this.remoteAddress = socket.remoteAddress ?? ''
    this.remotePort = socket.remotePort ?? 0
    socket.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      this.#error = code ?? message
    })
    socket.on('close', () => {
      this.#watch.delete(this)
      this.#handlers?.onClose(this.#error)
    })
  }

  start(handlers: StreamSocketHandlers): void {
    this.#handlers = handlers
    const socket = this.#socket
    socket.on('connect', () => handlers.onOpen?.())
    socket.on('data', (chunk: Uint8Array) => handlers.onRead(chunk, chunk.length))
    socket.on('end', () => this.#onEnd(handlers))
    if (socket.closed) process.nextTick(() => handlers.onClose(this.#error))
  }

  write(b: Uint8Array): boolean {
    const socket = this.#socket
    if (socket.destroyed) return true
    let isAsync = false
    socket.write(b, () => {
      if (!isAsync) return
      this.pendingBytes -= b.length
      if (!socket.destroyed) this.#handlers?.onWritten(b.length)
    })
    if (socket.writableLength === 0) return true
    isAsync = true
    this.pendingBytes += b.length
    return false
  }

  writev(pieces: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    socket.cork()
    let isTaken = true
    for (const piece of pieces) isTaken = this.write(piece) && isTaken
    socket.uncork()
    return isTaken
  }

  end(): void {
    this.#socket.end()
  }

  pause(): void {
    this.#socket.pause()
    if (this.#handlers !== undefined && !this.#socket.destroyed) this.#watch.add(this)
  }

  resume(): void {
    this.#socket.resume()
    if (!this.#socket.readableEnded) this.#watch.delete(this)
  }

  checkReset(): void {
    if (wasSocketReset(this.#socket)) this.#closeReset()
  }

  reset(): void {
    const socket = this.#socket
    // While a FIN is on its way the handle refuses to reset, and could never be closed after that.
    const isFinishing = socket.writableEnded && !socket.writableFinished && this.pendingBytes === 0
    if (isFinishing && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy())
    else socket.resetAndDestroy()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #onEnd(handlers: StreamSocketHandlers): void {
    if (wasSocketReset(this.#socket)) {
      this.#closeReset()
      return
    }
    handlers.onReadEnd()
    if (!this.#socket.destroyed) this.#watch.add(this)
  }

  #closeReset(): void {
    this.#error = 'ECONNRESET'
    this.#socket.destroy()
  }
}
