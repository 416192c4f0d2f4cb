import type { Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'
import { buildConnector, Client } from 'undici'
import { errorCode, isCut } from './error-code.js'
import type { FlowLedger } from './flow-ledger.js'
import { parseAnswer } from './parse-answer.js'

/**
 * Longer than any probe: an idle connection stays, so that a lane is one flow. The server's own
 * hint may be shorter.
 */
const KEEP_ALIVE_MS = 3_600_000
const ERRNO = /^E[A-Z0-9]+$/

export interface LaneOptions {
  readonly url: URL
  /** Source address; undefined: the kernel chooses. */
  readonly localAddress: string | undefined
  readonly connectTimeoutMs: number
  /** One request per connection: it asks the server to close. */
  readonly isSingleUse: boolean
  readonly ledger: FlowLedger
  /** ms since the start of the probe */
  readonly now: () => number
}

/** One connection of a lane. */
interface Connection {
  /** Its id in the ledger. */
  readonly flow: number
  /** How its peer has ended it: `PEER_CLOSED` (FIN) or an errno. */
  peerEnd: string | undefined
}

/**
 * One HTTP connection at a time, opened anew when it has gone; requests queue behind each other.
 */
export class Lane {
  readonly #options: LaneOptions
  readonly #path: string
  readonly #client: Client
  /** The connection that requests go over now. */
  #connection: Connection | undefined

  constructor(options: LaneOptions) {
    const { url, connectTimeoutMs } = options
    this.#options = options
    this.#path = url.pathname + url.search
    // What undici passes to a connector names a local address, null unless it is the client's: it
    // hides the connector's.
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
      headersTimeout: 0, // the probe has its own timeout, from the moment a request was due
      bodyTimeout: 0,
    })
  }

  /**
   * One GET. Returns undefined if the response is complete by its framing (RFC 9112 §6.3) and its
   * status is a success, else the code of the failure.
   */
  async get(signal: AbortSignal): Promise<string | undefined> {
    const { isSingleUse, ledger, now } = this.#options
    let connection: Connection | undefined
    try {
      const request = { method: 'GET', path: this.#path, signal, reset: isSingleUse } as const
      const { statusCode, headers, body } = await this.#client.request(request)
      connection = this.#connection // another one may be open by the time that the body has ended
      const text = await body.text()
      // undici takes a RST for the end of such a body.
      if (isEndedByFin(statusCode, headers) && connection?.peerEnd !== 'PEER_CLOSED')
        return connection?.peerEnd ?? 'ECONNRESET'
      if (connection !== undefined) ledger.answer(connection.flow, now(), parseAnswer(text))
      return statusCode >= 400 ? `HTTP_${statusCode}` : undefined
    } catch (error) {
      const code = errorCode(error)
      connection ??= this.#connection
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
    const connection: Connection = { flow, peerEnd: undefined }
    this.#connection = connection
    let end = 'closed'
    // Both before undici's own listeners, which end the request.
    socket.once('end', () => {
      connection.peerEnd = wasSocketReset(socket) ? 'ECONNRESET' : 'PEER_CLOSED'
      if (connection.peerEnd === 'ECONNRESET') end = 'ECONNRESET'
    })
    socket.once('error', (error) => {
      const code = errorCode(error)
      if (ERRNO.test(code)) connection.peerEnd ??= code
      if (isCut(code)) end = connection.peerEnd ?? code
      else if (!code.startsWith('UND_ERR_')) end = code // what undici ends a socket with itself was our wish
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
