import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'

/** System call that has failed. */
export type DatagramOperation = 'bind' | 'connect' | 'send' | 'receive'

/**
 * Handlers of the owner of a {@link DatagramSocket}. Each may be called within
 * {@link DatagramSocket.open} and `send`.
 */
export interface DatagramSocketHandlers {
  /** The socket is bound and, if it has a peer, connected: datagrams can be sent. */
  onOpen?(): void
  /** Takes a datagram; the bytes belong to the receiver. The address is a dotted quad. */
  onMessage(payload: Buffer, address: string, port: number): void
  /**
   * A system call has failed. After `bind` and `connect` the socket is closed; after `send` and
   * `receive` it stays open.
   * @param code errno (`ECONNREFUSED`, ...)
   */
  onError(code: string, operation: DatagramOperation): void
}

export interface DatagramSocketOptions {
  /** Local address, dotted quad, and port; 0: any. */
  readonly address: string
  readonly port: number
  /** Only address and port that datagrams are exchanged with. Default: any. */
  readonly peer?: { readonly address: string; readonly port: number }
  /**
   * True if other sockets have the same local address and port, each with a peer of its own.
   * Default: false.
   */
  readonly isAddressShared?: boolean
  /**
   * Requested receive buffer, bytes; the kernel grants up to `net.core.rmem_max`. Default:
   * `net.core.rmem_default`.
   */
  readonly receiveBufferBytes?: number
  /** TTL of sent datagrams, 1 to 255. Default: the kernel's. */
  readonly ttl?: number
}

const PORT_MAX = 65_535

/**
 * Lookup without a resolver, since addresses are dotted quads: the socket is bound, connected and
 * written to at once.
 */
const noLookup = (
  address: string,
  _options: unknown,
  callback: (error: null, address: string, family: number) => void,
): void => callback(null, address, 4)

/**
 * A UDP socket that never throws. `node:dgram` throws for values that a packet can carry (port 0)
 * and for states that a socket reaches by itself (not connected, closed). Here each of these is an
 * error code for `onError`, like errors of the kernel.
 */
export class DatagramSocket {
  readonly #options: DatagramSocketOptions
  readonly #handlers: DatagramSocketHandlers
  #socket: Socket | undefined
  #isOpen = false

  constructor(options: DatagramSocketOptions, handlers: DatagramSocketHandlers) {
    this.#options = options
    this.#handlers = handlers
  }

  /** True between `onOpen` and {@link close}. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Binds, and connects if there is a peer. Must be called once. */
  open(): void {
    const { address, port, isAddressShared = false } = this.#options
    let operation: DatagramOperation = 'bind'
    try {
      if (port > PORT_MAX) throw Object.assign(new Error(), { code: 'EINVAL' }) // libuv would bind its lower 16 bits
      const socket = createSocket({ type: 'udp4', reuseAddr: isAddressShared, lookup: noLookup })
      this.#socket = socket
      socket.on('message', this.#onMessage)
      socket.on('error', (error) => {
        if (this.#socket !== socket) return
        if (this.#isOpen) this.#handlers.onError(codeOf(error), 'receive')
        else this.#fail(error, operation)
      })
      socket.bind({ address, port, exclusive: true }, () => {
        if (this.#socket !== socket) return
        this.#growReceiveBuffer(socket)
        if (this.#options.ttl !== undefined) socket.setTTL(this.#options.ttl)
        operation = 'connect'
        this.#connect(socket)
      })
    } catch (error) {
      this.#fail(error, operation)
    }
  }

  /** Sends to the peer. */
  send(payload: Uint8Array): void {
    if (!this.#isOpen) this.#handlers.onError('ENOTCONN', 'send')
    else
      try {
        this.#socket!.send(payload, this.#onSent)
      } catch (error) {
        this.#handlers.onError(codeOf(error), 'send')
      }
  }

  /** Sends to an address, dotted quad, and port; for sockets without a peer. */
  sendTo(payload: Uint8Array, address: string, port: number): void {
    if (!this.#isOpen) this.#handlers.onError('ENOTCONN', 'send')
    else if (port === 0)
      this.#handlers.onError('EINVAL', 'send') // the code of the kernel; Node.js throws before the system call
    else
      try {
        this.#socket!.send(payload, port, address, this.#onSent)
      } catch (error) {
        this.#handlers.onError(codeOf(error), 'send')
      }
  }

  /**
   * Frees the address; no handler is called any more. Resolves when it is free. Without effect if
   * the socket is closed already.
   */
  close(): Promise<void> {
    const socket = this.#socket
    this.#socket = undefined
    this.#isOpen = false
    if (socket === undefined) return Promise.resolve()
    socket.off('message', this.#onMessage)
    return new Promise((resolve) => socket.close(resolve))
  }

  #connect(socket: Socket): void {
    const { peer } = this.#options
    if (peer === undefined) {
      this.#opened()
      return
    }
    try {
      // Node.js passes an error to the callback; its types have none.
      socket.connect(peer.port, peer.address, ((error?: unknown) => {
        if (this.#socket !== socket) return
        if (error === undefined || error === null) this.#opened()
        else this.#fail(error, 'connect')
      }) as () => void)
    } catch (error) {
      this.#fail(error, 'connect')
    }
  }

  #opened(): void {
    this.#isOpen = true
    this.#handlers.onOpen?.()
  }

  #fail(error: unknown, operation: DatagramOperation): void {
    void this.close()
    this.#handlers.onError(codeOf(error), operation)
  }

  /** Requests the receive buffer. A smaller one than requested is no failure. */
  #growReceiveBuffer(socket: Socket): void {
    const { receiveBufferBytes } = this.#options
    if (receiveBufferBytes === undefined) return
    try {
      socket.setRecvBufferSize(receiveBufferBytes)
    } catch {}
  }

  readonly #onMessage = (payload: Buffer, { address, port }: RemoteInfo): void =>
    this.#handlers.onMessage(payload, address, port)

  readonly #onSent = (error: Error | null): void => {
    if (error && this.#socket !== undefined) this.#handlers.onError(codeOf(error), 'send')
  }
}

/** errno codes of errors that `node:dgram` finds before the system call. */
const CODES: Readonly<Record<string, string>> = {
  ERR_SOCKET_BAD_PORT: 'EINVAL',
  ERR_SOCKET_DGRAM_NOT_CONNECTED: 'ENOTCONN',
  ERR_SOCKET_DGRAM_NOT_RUNNING: 'EBADF',
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  return CODES[code] ?? code
}
