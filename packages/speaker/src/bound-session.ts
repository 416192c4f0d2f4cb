import { connect, type Socket } from 'node:net'
import type { BgpSession, SessionInput, SessionOutput } from '@fivetuple/bgp'
import type { Clock } from '@fivetuple/runtime'

/** Bytes that a peer may leave unread before its connection is given up: far more than any table we announce. */
const UNREAD_MAX_BYTES = 8 * 1024 * 1024

export interface BoundSessionOptions {
  readonly session: BgpSession
  readonly clock: Clock
  /** Where to dial, and from which address. */
  readonly remote: { readonly address: string; readonly port: number }
  readonly localAddress: string
  /** Outputs that are not about the connection. */
  readonly onOutput: (output: SessionOutput, bound: BoundSession) => void
  /** The session's deadline may have changed. */
  readonly onDeadline: (deadline: number) => void
}

/** A BGP session with the TCP connection that it has, or hasn't. */
export class BoundSession {
  readonly session: BgpSession
  readonly #options: BoundSessionOptions
  #socket: Socket | undefined
  #draining = false

  constructor(options: BoundSessionOptions) {
    this.session = options.session
    this.#options = options
  }

  input(input: SessionInput): void {
    this.session.handle(input, this.#options.clock.now())
    this.#drain()
    this.#options.onDeadline(this.session.deadline())
  }

  /** Takes a connection that the peer has dialled. */
  adopt(socket: Socket): void {
    this.#bind(socket)
    this.input({ type: 'connected' })
  }

  /** Sends messages on the established session. */
  send(messages: readonly Uint8Array[]): void {
    const socket = this.#socket
    if (socket === undefined) return
    const now = this.#options.clock.now()
    for (const message of messages) {
      socket.write(message)
      this.session.sentUpdate(now)
    }
    if (socket.writableLength > UNREAD_MAX_BYTES) this.#lose(socket, 'the peer does not read')
  }

  #drain(): void {
    if (this.#draining) return
    this.#draining = true
    for (let output = this.session.poll(); output !== undefined; output = this.session.poll()) this.#carryOut(output)
    this.#draining = false
  }

  #carryOut(output: SessionOutput): void {
    switch (output.type) {
      case 'connect':
        this.#dial()
        return
      case 'disconnect':
        this.#disconnect()
        return
      case 'send':
        this.#socket?.write(output.bytes)
        return
      default:
        this.#options.onOutput(output, this)
    }
  }

  #dial(): void {
    const { remote, localAddress } = this.#options
    const socket = connect({ host: remote.address, port: remote.port, localAddress, noDelay: true })
    this.#bind(socket)
    socket.on('connect', () => {
      if (this.#socket === socket) this.input({ type: 'connected' })
    })
  }

  #bind(socket: Socket): void {
    this.#socket = socket
    let reason = 'closed by the peer'
    socket.on('data', (bytes: Buffer) => {
      if (this.#socket === socket) this.input({ type: 'bytes', bytes })
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message
    })
    socket.on('close', () => this.#lose(socket, reason))
  }

  #lose(socket: Socket, reason: string): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    socket.destroy()
    this.input({ type: 'transport-lost', reason })
  }

  /** Lets what was said last, a NOTIFICATION perhaps, go out, and closes. */
  #disconnect(): void {
    const socket = this.#socket
    this.#socket = undefined
    if (socket === undefined) return
    if (socket.connecting) socket.destroy()
    else socket.destroySoon()
  }
}
