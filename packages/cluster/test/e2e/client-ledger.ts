import { connect, type Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'

const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const PORTS_FROM = 10_000
const PORTS = 20_000

/** End of a connection as its client has seen it. */
export type SeenEnd =
  /** Both ends have closed in order. */
  | 'closed'
  /** RST from the other end. */
  | 'reset'
  /** RST by the client itself. */
  | 'aborted'

/** Connection of a client, by its source. */
export interface LedgerEntry {
  /** address:port, used once. */
  readonly source: string
  readonly socket: Socket
  responses: number
  /** True while a request has no response. */
  isWaiting: boolean
  /** True if its client has sent FIN. Node.js may then report a RST as an orderly end. */
  hasEnded: boolean
  end: SeenEnd | undefined
}

/**
 * Clients that keep a number of connections busy, and a ledger of all of them. Each connection has a source of
 * its own that is never used again, so it can be found in the records of the cluster.
 */
export class ClientLedger {
  /** Connections that were established. */
  readonly entries: LedgerEntry[] = []
  /** Attempts that were refused or timed out before. */
  failed = 0
  readonly #host: string
  readonly #port: number
  /** First address of the clients, without its last octet. */
  readonly #net: string
  #sources = 0
  #isStopping = false

  /** @param listen address:port; @param net as in '127.20.100' */
  constructor(listen: string, net: string) {
    const [host = '', port = ''] = listen.split(':')
    this.#host = host
    this.#port = Number(port)
    this.#net = net
  }

  get open(): LedgerEntry[] {
    return this.entries.filter(({ end }) => end === undefined)
  }

  /** Opens connections; each that ends is replaced. */
  start(count: number): void {
    for (let i = 0; i < count; i++) this.#connect()
  }

  /** Ends all connections: every other one in order, the rest by RST. */
  stop(): void {
    this.#isStopping = true
    this.open.forEach((entry, i) => {
      if (i % 2 === 1) this.abort(entry)
      else {
        entry.hasEnded = true
        entry.socket.end()
      }
    })
  }

  abort(entry: LedgerEntry): void {
    entry.end ??= 'aborted'
    entry.socket.resetAndDestroy()
  }

  #connect(): void {
    if (this.#isStopping) return
    const n = this.#sources++
    const localAddress = `${this.#net}.${1 + Math.floor(n / PORTS)}`
    const localPort = PORTS_FROM + (n % PORTS)
    const socket = connect({ host: this.#host, port: this.#port, localAddress, localPort })
    const source = `${localAddress}:${localPort}`
    let entry: LedgerEntry | undefined
    const established = (): LedgerEntry => {
      entry = { source, socket, responses: 0, isWaiting: true, hasEnded: false, end: undefined }
      this.entries.push(entry)
      return entry
    }
    socket.once('connect', () => {
      const opened = established()
      if (this.#isStopping) this.abort(opened)
      else socket.write(REQUEST)
    })
    socket.on('data', (chunk) => {
      if (entry === undefined || !chunk.includes('"backend"')) return
      entry.responses++
      entry.isWaiting = false
      setTimeout(() => {
        if (this.#isStopping || entry!.end !== undefined) return
        entry!.isWaiting = true
        socket.write(REQUEST)
      }, 5).unref()
    })
    socket.on('end', () => {
      if (entry !== undefined && wasSocketReset(socket)) entry.end ??= 'reset'
    })
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      // The handshake was complete, and a RST came before its completion was reported.
      if (entry === undefined && code === 'ECONNRESET') established()
      if (entry !== undefined) entry.end ??= 'reset'
    })
    socket.once('close', () => {
      if (entry === undefined) this.failed++
      else entry.end ??= 'closed'
      setTimeout(() => this.#connect(), entry === undefined ? 50 : 1).unref()
    })
  }
}
