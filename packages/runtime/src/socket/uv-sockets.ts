import { createServer } from 'node:net'
import { getSystemErrorName } from 'node:util'
import { ignoreAcceptError } from '../listen.js'
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
/** Linux caps it at net.core.somaxconn. */
const BACKLOG = 4096

/**
 * Sockets straight on libuv's handles; undefined where this Node.js does not give them out. Against `node:net` a read and a
 * write cost half as much user time, since neither a stream's state machine nor a request per write stands in between.
 */
export function uvSockets(): StreamSockets | undefined {
  // Windows reads ahead: with the owner's one buffer for many sockets it would put the bytes of one flow into another.
  const uv = process.platform === 'win32' ? undefined : uvBindings()
  if (uv === undefined) return undefined
  const writer = new Writer(uv)
  return {
    dial: (options) => {
      const socket = new UvSocket(writer, new uv.Tcp(uv.socketKind), '', 0)
      socket.dial(options)
      return socket
    },
    listen: (options) => (options.isShared ? listenShared(writer, options) : listen(writer, options)),
  }
}

function listen(writer: Writer, { address, port, onConnection }: StreamListenOptions): Promise<StreamListener> {
  const { uv } = writer
  const server = new uv.Tcp(uv.serverKind)
  accept(writer, server, onConnection)
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

/** Only `node:net` can ask the primary of node:cluster for a shared socket: it is let listen, and its handle taken over. */
function listenShared(writer: Writer, { address, port, onConnection }: StreamListenOptions): Promise<StreamListener> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, exclusive: false, backlog: BACKLOG }, () => {
      server.off('error', reject)
      server.on('error', ignoreAcceptError)
      accept(writer, (server as unknown as { readonly _handle: UvTcp })._handle, onConnection)
      // Connections are none that the server knows of, so it closes at once.
      resolve({ close: () => new Promise((closed) => server.close(() => closed())) })
    })
  })
}

function accept(writer: Writer, server: UvTcp, onConnection: StreamListenOptions['onConnection']): void {
  server.setNoDelay(true) // accepted sockets inherit it
  server.onconnection = (status, handle) => {
    if (status !== 0) return // out of descriptors: libuv turns the client away
    const peer: { address?: string; port?: number } = {}
    handle.getpeername(peer)
    onConnection(new UvSocket(writer, handle, peer.address ?? '', peer.port ?? 0))
  }
}

/** What all sockets share: the request that serves each write which the kernel takes at once, and so is never used up. */
class Writer {
  readonly uv: UvBindings
  #idle: UvWriteRequest

  constructor(uv: UvBindings) {
    this.uv = uv
    this.#idle = new uv.WriteRequest()
  }

  get request(): UvWriteRequest {
    return this.#idle
  }

  /** The request has been taken for a write that is still under way: it stays with that one. */
  replace(): void {
    this.#idle = new this.uv.WriteRequest()
  }
}

class UvSocket implements StreamSocket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly #writer: Writer
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

  constructor(writer: Writer, handle: UvTcp, remoteAddress: string, remotePort: number) {
    this.#writer = writer
    this.#handle = handle
    this.remoteAddress = remoteAddress
    this.remotePort = remotePort
    this.#isConnected = remotePort !== 0
  }

  dial({ address, port, localAddress, localPort = 0 }: StreamDialOptions): void {
    const handle = this.#handle
    const request = new this.#writer.uv.ConnectRequest()
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
    const { request, uv } = this.#writer
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
    const { request, uv } = this.#writer
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
    if (this.#isConnected && !this.#isClosed) this.#handle.readStop()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    if (this.#isConnected && !this.#isClosed && !this.#hasEnded) this.#handle.readStart()
  }

  reset(): void {
    if (this.#isClosed) return
    this.#isClosed = true
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
    if (!this.#isPaused) handle.readStart()
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

  /** @returns the buffer for the next read if it is another one */
  #onRead(): undefined | Uint8Array {
    const { state, readBytesOrError } = this.#writer.uv
    const length = state[readBytesOrError]!
    if (this.#isClosed || length === 0) return undefined
    if (length < 0) {
      if (length === UV_EOF) this.#onEnd()
      else this.#close(length)
      return undefined
    }
    const handlers = this.#handlers!
    handlers.onRead(this.#buffer!, length)
    const next = handlers.nextBuffer()
    if (next === this.#buffer) return undefined
    this.#buffer = next
    return next
  }

  #onEnd(): void {
    // libuv takes a reset behind bytes for FIN; it is told by there being no peer. Once our own FIN has gone, nor is there one
    // behind the peer's.
    const isOpen = !this.#isShuttingDown && !this.#isFinished
    if (isOpen && this.#handle.getpeername({}) !== 0) {
      this.#error = 'ECONNRESET'
      this.#close(0)
      return
    }
    this.#hasEnded = true // and libuv reads no more
    this.#handlers!.onReadEnd()
    if (this.#isFinished) this.#close(0)
  }

  /** FIN, if it has been asked for and the kernel has all that goes before it: until then the socket can still be reset. */
  #finish(): void {
    if (!this.#isEnding || !this.#isConnected || this.#isClosed || this.pendingBytes > 0) return
    // The other direction has ended: closing sends the FIN, and saves asking for it first.
    if (this.#hasEnded) this.#close(0)
    else this.#shutdown()
  }

  #shutdown(): void {
    const request = new this.#writer.uv.ShutdownRequest()
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
    this.#writer.replace()
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
    if (status !== 0) this.#error = getSystemErrorName(status)
    this.#handle.close(this.#onClosed)
  }

  readonly #onClosed = (): void => {
    this.#handlers?.onClose(this.#error)
  }
}
