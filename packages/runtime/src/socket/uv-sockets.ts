import { createServer } from 'node:net'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { ignoreAcceptError } from '../listen.js'
import { wasReset } from './reset-check.js'
import { ResetWatch, type WatchedSocket } from './reset-watch.js'
import type {
  StreamDialOptions,
  StreamListener,
  StreamListenOptions,
  StreamSocket,
  StreamSocketHandlers,
  StreamSockets,
} from './stream-socket.js'
import { type UvBindings, type UvTcp, type UvWriteRequest, uvBindings } from './uv-bindings.js'

const UV_EOF = -4095
const UV_ECONNRESET = -constants.errno.ECONNRESET
/** Length of the accept queue; Linux limits it to net.core.somaxconn. */
const BACKLOG = 4096

/**
 * Returns sockets on the handles of libuv; undefined if this Node.js has none. A read and a write
 * take half the user time of `node:net`, since there is neither the state machine of a stream nor a
 * request per write.
 */
export function uvSockets(): StreamSockets | undefined {
  // Windows reads ahead: if sockets share a buffer, bytes of one flow would get into another.
  const uv = process.platform === 'win32' ? undefined : uvBindings()
  if (uv === undefined) return undefined
  const shared = new Shared(uv)
  return {
    dial: (options) => {
      const socket = new UvSocket(shared, new uv.Tcp(uv.socketKind), '', 0)
      socket.dial(options)
      return socket
    },
    listen: (options) => (options.isShared ? listenShared(shared, options) : listen(shared, options)),
  }
}

function listen(shared: Shared, options: StreamListenOptions): Promise<StreamListener> {
  const { address, port } = options
  const { uv } = shared
  const server = new uv.Tcp(uv.serverKind)
  accept(shared, server, options)
  const status = server.bind(address, port) || server.listen(BACKLOG)
  if (status !== 0) {
    server.close()
    const code = getSystemErrorName(status)
    return Promise.reject(Object.assign(new Error(`listen ${code} ${address}:${port}`), { code }))
  }
  let closed: Promise<void> | undefined
  return Promise.resolve({
    close() {
      closed ??= new Promise((resolve) => server.close(resolve))
      return closed
    },
  })
}

/**
 * Listens on a shared socket. Only `node:net` can request it from the primary of node:cluster: it
 * listens, and its handle is taken over.
 */
function listenShared(shared: Shared, options: StreamListenOptions): Promise<StreamListener> {
  const { address, port } = options
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, exclusive: false, backlog: BACKLOG }, () => {
      server.off('error', reject)
      server.on('error', ignoreAcceptError)
      accept(shared, (server as unknown as { readonly _handle: UvTcp })._handle, options)
      // The server has no connections of its own, so it closes at once.
      resolve({ close: () => new Promise((closed) => server.close(() => closed())) })
    })
  })
}

function accept(shared: Shared, server: UvTcp, { onConnection, onAcceptError }: StreamListenOptions): void {
  server.setNoDelay(true) // accepted sockets inherit it
  server.onconnection = (status, handle) => {
    if (status !== 0) {
      onAcceptError?.(getSystemErrorName(status)) // out of descriptors: libuv refuses the client
      return
    }
    const peer: { address?: string; port?: number } = {}
    handle.getpeername(peer)
    onConnection(new UvSocket(shared, handle, peer.address ?? '', peer.port ?? 0))
  }
}

/** State that all sockets share. */
class Shared {
  readonly uv: UvBindings
  /** Sockets that are not being read. */
  readonly watch = new ResetWatch()
  /** Socket that was the last to read bytes. */
  lastReader: UvSocket | undefined
  /** Request for each write; a write that the kernel takes at once leaves it free. */
  #idle: UvWriteRequest

  constructor(uv: UvBindings) {
    this.uv = uv
    this.#idle = new uv.WriteRequest()
  }

  get request(): UvWriteRequest {
    return this.#idle
  }

  /** Replaces the request, since a write that is still under way has taken it. */
  replace(): void {
    this.#idle = new this.uv.WriteRequest()
  }
}

class UvSocket implements StreamSocket, WatchedSocket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly #shared: Shared
  readonly #handle: UvTcp
  #handlers: StreamSocketHandlers | undefined
  #buffer: Uint8Array | undefined
  pendingBytes = 0
  #isConnected: boolean
  #isPaused = false
  #hasEnded = false
  #isEnding = false
  #isShuttingDown = false
  #isFinished = false
  #isResetting = false
  #isClosed = false
  #error: string | undefined

  constructor(shared: Shared, handle: UvTcp, remoteAddress: string, remotePort: number) {
    this.#shared = shared
    this.#handle = handle
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
    this.#isConnected = remotePort !== 0
  }

  dial({ address, port, localAddress, localPort = 0 }: StreamDialOptions): void {
    const handle = this.#handle
    const request = new this.#shared.uv.ConnectRequest()
    request.oncomplete = (status) => this.#onConnected(status)
    const status = handle.bind(localAddress, localPort) || handle.connect(request, address, port)
    if (status !== 0) this.#close(status)
    else handle.setNoDelay(true)
  }

  start(handlers: StreamSocketHandlers): void {
    this.#handlers = handlers
    if (this.#isConnected) this.#startReading()
  }

  write(b: Uint8Array): boolean {
    if (this.#isClosed) return true
    const { request, uv } = this.#shared
    const status = this.#handle.writeBuffer(request, b)
    if (status !== 0) {
      this.#close(status)
      return true
    }
    if (uv.state[uv.lastWriteWasAsync] === 0) return true
    this.#hold(request, b, b.length)
    return false
  }

  writev(pieces: readonly Uint8Array[]): boolean {
    if (this.#isClosed) return true
    const { request, uv } = this.#shared
    const status = this.#handle.writev(request, pieces, true)
    if (status !== 0) {
      this.#close(status)
      return true
    }
    if (uv.state[uv.lastWriteWasAsync] === 0) return true
    let bytes = 0
    for (const piece of pieces) bytes += piece.length
    this.#hold(request, pieces, bytes)
    return false
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return
    this.#isEnding = true
    this.#finish()
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    if (!this.#isConnected || this.#isClosed || this.#handlers === undefined) return
    this.#handle.readStop()
    this.#shared.watch.add(this)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (!this.#isConnected || this.#isClosed || this.#hasEnded || this.#handlers === undefined) return
    this.#shared.watch.delete(this)
    this.#handle.readStart()
  }

  reset(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#release()
    // While a FIN is on its way the handle refuses, and could never be closed after that.
    if (this.#isShuttingDown) this.#isResetting = true
    else this.#handle.reset(this.#onClosed)
  }

  destroy(): void {
    this.#close(0)
  }

  #startReading(): void {
    const handle = this.#handle
    this.#buffer = this.#handlers!.nextBuffer()
    handle.useUserBuffer(this.#buffer)
    handle.onread = () => this.#onRead()
    if (this.#isPaused) this.#shared.watch.add(this)
    else handle.readStart()
  }

  #onConnected(status: number): void {
    if (this.#isClosed) return
    if (status !== 0) {
      this.#close(status)
      return
    }
    this.#isConnected = true
    if (this.#handlers !== undefined) this.#startReading()
    this.#handlers?.onOpen?.()
    this.#finish()
  }

  /** Returns the buffer for the next read if it is another one. */
  #onRead(): undefined | Uint8Array {
    const { state, readBytesOrError } = this.#shared.uv
    const length = state[readBytesOrError]!
    if (this.#isClosed || length === 0) return undefined
    if (length < 0) {
      if (length === UV_EOF) this.#onEnd()
      else this.#close(length)
      return undefined
    }
    this.#shared.lastReader = this
    const handlers = this.#handlers!
    handlers.onRead(this.#buffer!, length)
    const next = handlers.nextBuffer()
    if (next === this.#buffer) return undefined
    this.#buffer = next
    return next
  }

  #onEnd(): void {
    // If our FIN has been sent, an EOF outside the turn of a read was itself read: the peer has
    // sent FIN.
    const hasFinished = this.#isShuttingDown || this.#isFinished
    if ((!hasFinished || this.#shared.lastReader === this) && wasReset(this.#handle, hasFinished)) {
      this.#close(UV_ECONNRESET)
      return
    }
    this.#hasEnded = true // and libuv reads no more
    this.#handlers!.onReadEnd()
    if (this.#isFinished) this.#close(0)
    else if (!this.#isClosed) this.#shared.watch.add(this)
  }

  checkReset(): void {
    if (wasReset(this.#handle, this.#isShuttingDown || this.#isFinished)) this.#close(UV_ECONNRESET)
  }

  /**
   * Sends FIN if it was requested and the kernel has all bytes before it. Until then the socket can
   * still be reset.
   */
  #finish(): void {
    if (!this.#isEnding || !this.#isConnected || this.#isClosed || this.pendingBytes > 0) return
    // The other direction has ended: closing sends the FIN without a call for it.
    if (this.#hasEnded) this.#close(0)
    else this.#shutdown()
  }

  #shutdown(): void {
    const request = new this.#shared.uv.ShutdownRequest()
    request.oncomplete = () => this.#onFinished()
    this.#isShuttingDown = this.#handle.shutdown(request) === 0
    if (!this.#isShuttingDown) this.#onFinished()
  }

  #onFinished(): void {
    this.#isShuttingDown = false
    this.#isFinished = true
    if (this.#isResetting) this.#handle.reset(this.#onClosed)
    else if (this.#hasEnded) this.#close(0)
  }

  #hold(request: UvWriteRequest, pieces: unknown, bytes: number): void {
    this.#shared.replace()
    this.pendingBytes += bytes
    request.pieces = pieces
    request.oncomplete = (status) => {
      request.pieces = undefined
      this.pendingBytes -= bytes
      if (this.#isClosed) return
      if (status !== 0) this.#close(status)
      else {
        this.#handlers?.onWritten(bytes)
        this.#finish()
      }
    }
  }

  #close(status: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#release()
    if (status !== 0) this.#error = getSystemErrorName(status)
    this.#handle.close(this.#onClosed)
  }

  /** Deletes the references of {@link Shared} to this socket. */
  #release(): void {
    this.#shared.watch.delete(this)
    if (this.#shared.lastReader === this) this.#shared.lastReader = undefined
  }

  readonly #onClosed = (): void => {
    this.#handlers?.onClose(this.#error)
  }
}
