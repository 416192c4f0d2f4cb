import type { Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'
import { buildConnector, Client } from 'undici'
import { errorCode, isCut } from './error-code.js'
import type { FlowLedger } from './flow-ledger.js'
import { parseBackendReport } from './parse-backend-report.js'

/**
 * Longer than any probe: an idle connection stays open, so that it is one flow. The server's own
 * hint may be shorter.
 */
const KEEP_ALIVE_MS = 3_600_000
const ERRNO = /^E[A-Z0-9]+$/

export interface ProbeConnectionOptions {
  readonly url: URL
  /** Source address; undefined: the kernel chooses. */
  readonly localAddress: string | undefined
  readonly connectTimeoutMs: number
  /** True for one request per connection, with `Connection: close`. */
  readonly isSingleUse: boolean
  readonly ledger: FlowLedger
  /** ms since the start of the probe */
  readonly now: () => number
}

/** Socket that requests are sent over, until it closes. */
interface ProbeSocket {
  /** Its id in the ledger. */
  readonly flow: number
  /** Way in which its peer has closed it: `PEER_CLOSED` (FIN) or an errno. */
  peerEnd: string | undefined
}

/** One HTTP connection at a time, opened again after it has closed. Requests are queued. */
export class ProbeConnection {
  readonly #options: ProbeConnectionOptions
  readonly #path: string
  readonly #client: Client
  /** Socket that requests are sent over now. */
  #socket: ProbeSocket | undefined

  constructor(options: ProbeConnectionOptions) {
    const { url, connectTimeoutMs } = options
    this.#options = options
    this.#path = url.pathname + url.search
    // undici passes a local address to a connector, null unless the client has one. It overrides
    // the connector's own.
    const connect = buildConnector({ timeout: connectTimeoutMs })
    this.#client = new Client(url.origin, {
      connect: (to, callback) =>
        connect({ ...to, localAddress: options.localAddress ?? null }, (...[error, socket]) => {
          if (error !== null) callback(error, null)
          else {
            this.#follow(socket)
            callback(null, socket)
          }
        }),
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0, // the probe has its own timeout, from the due time of a request
      bodyTimeout: 0,
    })
  }

  /**
   * Sends one GET. Returns undefined if the response is complete by its framing (RFC 9112 §6.3) and
   * its status is a success, otherwise the code of the failure.
   */
  async get(signal: AbortSignal): Promise<string | undefined> {
    const { isSingleUse, ledger, now } = this.#options
    let connection: ProbeSocket | undefined
    try {
      const request = { method: 'GET', path: this.#path, signal, reset: isSingleUse } as const
      const { statusCode, headers, body } = await this.#client.request(request)
      connection = this.#socket // another one may be open when the body has ended
      const text = await body.text()
      // undici reports a RST as the end of such a body.
      if (isEndedByFin(statusCode, headers) && connection?.peerEnd !== 'PEER_CLOSED')
        return connection?.peerEnd ?? 'ECONNRESET'
      if (connection !== undefined) ledger.response(connection.flow, now(), parseBackendReport(text))
      return statusCode >= 400 ? `HTTP_${statusCode}` : undefined
    } catch (error) {
      const code = errorCode(error)
      connection ??= this.#socket
      return isCut(code) ? (connection?.peerEnd ?? code) : code
    }
  }

  /** Closes the connection at once. */
  async destroy(): Promise<void> {
    await this.#client.destroy()
  }

  #follow(socket: Socket): void {
    const { ledger, now } = this.#options
    const flow = ledger.open(`${socket.localAddress}:${socket.localPort}`, now())
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
 * Returns true for a response without a length, whose body ends with the connection's FIN
 * (RFC 9112 §6.3, rule 8).
 */
function isEndedByFin(status: number, headers: Readonly<Record<string, unknown>>): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = headers
  if (status === 204 || status === 304) return false
  return encoding === undefined ? length === undefined : !/\bchunked\s*$/i.test(String(encoding))
}
