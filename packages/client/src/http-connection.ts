import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'
import { Client, type Dispatcher } from 'undici'
import { errorCode, isCut } from './error-code.js'
import { openSocket } from './open-socket.js'
import { backendReportIn, parseBackendReport } from './parse-backend-report.js'
import type { ProbeConnection, ProbeConnectionOptions } from './probe-connection.js'
import { type Abandon, type Done, RequestQueue } from './request-queue.js'

/**
 * Longer than any probe: an idle connection stays open, so that it is one flow. The server's own
 * hint may be shorter.
 */
const KEEP_ALIVE_MS = 3_600_000
/** Longest body that is read as a backend's report. */
const REPORT_MAX_BYTES = 4_096
const ERRNO = /^E[A-Z0-9]+$/

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  /** Path with query. */
  readonly path: string
  readonly body?: Buffer | undefined
}

export interface HttpConnectionOptions extends ProbeConnectionOptions {
  /** `http://host:port` */
  readonly origin: string
  readonly request: HttpRequest
  /** True for one request per connection, with `Connection: close`. */
  readonly isSingleUse: boolean
}

/** Socket that requests are sent over, until it closes. */
interface ProbeSocket {
  /** Its id in the ledger. */
  readonly flow: number
  /** Way in which its peer has closed it: `PEER_CLOSED` (FIN) or an errno. */
  peerEnd: string | undefined
}

/** One HTTP connection at a time. Requests are queued. */
export class HttpConnection implements ProbeConnection {
  readonly #options: HttpConnectionOptions
  readonly #request: Dispatcher.DispatchOptions
  readonly #client: Client
  readonly #queue = new RequestQueue((finish) => this.#begin(finish))
  /** Socket that requests are sent over now. */
  #socket: ProbeSocket | undefined
  /** Ends the attempt to open a connection. */
  #stopOpening: Abandon = () => {}

  constructor(options: HttpConnectionOptions) {
    const { origin, request, isSingleUse } = options
    this.#options = options
    this.#request = {
      method: request.method,
      path: request.path,
      reset: isSingleUse,
      ...(request.body && { body: request.body }),
    }
    this.#client = new Client(origin, {
      connect: (_to, callback) => {
        this.#stopOpening = openSocket({ ...options, timeoutMs: options.connectTimeoutMs }, (error, socket) => {
          if (socket === null) callback(error ?? new Error('no socket'), null)
          else {
            this.#follow(socket)
            callback(null, socket)
          }
        })
      },
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0, // the probe has its own timeout, from the due time of a request
      bodyTimeout: 0,
    })
  }

  send(done: Done): Abandon {
    return this.#queue.send(done)
  }

  async destroy(): Promise<void> {
    this.#stopOpening()
    await this.#client.destroy()
  }

  #begin(finish: Done): Abandon {
    const exchange = new Exchange(this.#options, () => this.#socket, finish)
    this.#options.bytes.up += this.#options.request.body?.length ?? 0
    this.#client.dispatch(this.#request, exchange)
    // While the connection is being opened it stays so, for the requests that wait behind: this one
    // is sent then, and its response is dropped.
    return () => exchange.abort()
  }

  #follow(socket: Socket): void {
    const { ledger, now, number } = this.#options
    const flow = ledger.open(`${socket.localAddress}:${socket.localPort}`, now(), number)
    const connection: ProbeSocket = { flow, peerEnd: undefined }
    this.#socket = connection
    let end = 'closed'
    // Both listeners precede undici's own, which end the request.
    socket.once('end', () => {
      connection.peerEnd = wasSocketReset(socket) ? 'ECONNRESET' : 'PEER_CLOSED'
      if (connection.peerEnd === 'ECONNRESET') end = 'ECONNRESET'
    })
    socket.once('error', (error) => {
      const code = errorCode(error)
      if (ERRNO.test(code)) connection.peerEnd ??= code
      if (isCut(code)) end = connection.peerEnd ?? code
      else if (!code.startsWith('UND_ERR_')) end = code // undici has closed the socket at our request
    })
    socket.once('close', () => ledger.close(flow, end))
  }
}

/**
 * One request and its response. undici calls these methods; its `request` would add a stream, a
 * promise and a signal for each.
 */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #options: HttpConnectionOptions
  readonly #currentSocket: () => ProbeSocket | undefined
  readonly #finish: Done
  #controller: Dispatcher.DispatchController | undefined
  /** Socket of the response. Another one may be open when the body has ended. */
  #socket: ProbeSocket | undefined
  #status = 0
  #headers: IncomingHttpHeaders = {}
  #text = ''

  constructor(options: HttpConnectionOptions, currentSocket: () => ProbeSocket | undefined, finish: Done) {
    this.#options = options
    this.#currentSocket = currentSocket
    this.#finish = finish
  }

  /** Ends the request and its connection; does nothing if the request has not been sent. */
  abort(): void {
    this.#controller?.abort(Object.assign(new Error('the request was given up'), { code: 'TIMEOUT' }))
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
  }

  onResponseStart(_controller: unknown, status: number, headers: IncomingHttpHeaders): void {
    this.#status = status
    this.#headers = headers
    this.#socket = this.#currentSocket()
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#options.bytes.down += chunk.length
    if (this.#text.length < REPORT_MAX_BYTES) this.#text += chunk.toString('latin1', 0, REPORT_MAX_BYTES)
  }

  /**
   * The response is complete by its framing (RFC 9112 §6.3), unless it has none and its connection
   * was reset: undici reports a RST as the end of such a body.
   */
  onResponseEnd(): void {
    const { ledger, now } = this.#options
    const socket = this.#socket
    if (isEndedByFin(this.#status, this.#headers) && socket?.peerEnd !== 'PEER_CLOSED') {
      this.#finish(socket?.peerEnd ?? 'ECONNRESET')
      return
    }
    const report = backendReportIn(this.#headers) ?? parseBackendReport(this.#text)
    if (socket !== undefined) ledger.response(socket.flow, now(), report)
    this.#finish(this.#status >= 400 ? `HTTP_${this.#status}` : undefined)
  }

  onResponseError(_controller: unknown, error: Error): void {
    const code = errorCode(error)
    const socket = this.#socket ?? this.#currentSocket()
    this.#finish(isCut(code) ? (socket?.peerEnd ?? code) : code)
  }
}

/**
 * Returns true for a response without a length, whose body ends with the connection's FIN
 * (RFC 9112 §6.3, rule 8).
 */
function isEndedByFin(status: number, headers: Readonly<Record<string, unknown>>): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = headers
  if (status === 204 || status === 304) return false
  return encoding === undefined ? length === undefined : !/\bchunked\s*$/i.test(String(encoding))
}
