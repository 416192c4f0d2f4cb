import { createSocket, type Socket } from 'node:dgram'
import { errorCode } from './error-code.js'
import type { ProbeConnection, ProbeConnectionOptions } from './probe-connection.js'
import type { Abandon, Done } from './request-queue.js'
import type { Source } from './sources.js'

/** Bytes of the number that each datagram begins with. */
export const UDP_PAYLOAD_MIN_BYTES = 4
/** Sources that are tried for one socket. */
const SOURCES_MAX = 8

export interface UdpEchoOptions extends ProbeConnectionOptions {
  /** Payload, of which the number replaces the first bytes. */
  readonly payload: Buffer
}

/**
 * UDP socket that is connected to a server which sends each datagram back. Requests do not wait for
 * each other. A request that gets no response is not sent again.
 */
export class UdpEchoConnection implements ProbeConnection {
  readonly #options: UdpEchoOptions
  /** Payload without its number. */
  readonly #rest: Buffer
  /** Number in the datagram → request. */
  readonly #pending = new Map<number, Done>()
  #socket: Promise<Socket> | undefined
  #flow = 0
  #next = 0

  constructor(options: UdpEchoOptions) {
    this.#options = options
    this.#rest = options.payload.subarray(UDP_PAYLOAD_MIN_BYTES)
  }

  send(done: Done): Abandon {
    const id = this.#next++
    this.#pending.set(id, done)
    this.#socket ??= this.#open(SOURCES_MAX)
    this.#socket.then(
      (socket) => this.#sendOver(socket, id),
      (error: unknown) => {
        this.#socket = undefined
        this.#settle(id, errorCode(error))
      },
    )
    return () => this.#pending.delete(id)
  }

  async destroy(): Promise<void> {
    const socket = await this.#socket?.catch(() => undefined)
    this.#socket = undefined
    if (socket === undefined) return
    this.#options.ledger.close(this.#flow, 'closed')
    socket.close()
  }

  #sendOver(socket: Socket, id: number): void {
    if (!this.#pending.has(id)) return
    const { bytes, payload } = this.#options
    bytes.up += payload.length
    const number = Buffer.allocUnsafe(UDP_PAYLOAD_MIN_BYTES)
    number.writeUInt32BE(id)
    socket.send([number, this.#rest], (error) => {
      if (error !== null) this.#settle(id, errorCode(error))
    })
  }

  /** Opens the socket; tries further sources while they are taken. */
  async #open(left: number): Promise<Socket> {
    const { nextSource, onPortTaken, host, port, ledger, now, number } = this.#options
    const source = nextSource()
    const socket = createSocket('udp4')
    try {
      await bound(socket, source)
      await connected(socket, host, port)
    } catch (error) {
      socket.close()
      if (source === undefined || source.port === 0 || errorCode(error) !== 'EADDRINUSE') throw error
      onPortTaken(source)
      if (left <= 1) throw error
      return this.#open(left - 1)
    }
    const { address, port: localPort } = socket.address()
    this.#flow = ledger.open(`${address}:${localPort}`, now(), number)
    socket.on('message', (message) => this.#receive(message))
    // An ICMP error is about the datagram that was sent first, as far as the kernel reports.
    socket.on('error', (error) => {
      const [oldest] = this.#pending.keys()
      if (oldest !== undefined) this.#settle(oldest, errorCode(error))
    })
    return socket
  }

  #receive(message: Buffer): void {
    const { bytes, ledger, now, payload } = this.#options
    bytes.down += message.length
    const id = message.length === payload.length ? message.readUInt32BE() : -1
    if (!this.#pending.has(id)) return // a duplicate, one that is late, or none of ours
    ledger.response(this.#flow, now(), undefined)
    this.#settle(id, undefined)
  }

  #settle(id: number, error: string | undefined): void {
    const done = this.#pending.get(id)
    this.#pending.delete(id)
    done?.(error)
  }
}

function bound(socket: Socket, source: Source | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ address: source?.address, port: source?.port ?? 0, exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

function connected(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.connect(port, host, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}
