import type { Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'
import { buildConnector, Client, type Dispatcher } from 'undici'
import { errorCode } from './error-code.js'
import type { FlowLedger } from './flow-ledger.js'
import { parseAnswer } from './parse-answer.js'

/** Longer than any probe: an idle connection stays, so that a lane is one flow. The server's own hint may be shorter. */
const KEEP_ALIVE_MS = 3_600_000
const RESET = 'ECONNRESET'

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

/** One HTTP connection at a time, opened anew when it has gone; requests queue behind each other. */
export class Lane {
  readonly #options: LaneOptions
  readonly #path: string
  readonly #client: Client
  /** The connection that requests go over now. */
  #flow: number | undefined
  /** True if that connection, or the last one, has ended by RST. */
  #wasReset = false

  constructor(options: LaneOptions) {
    const { url, connectTimeoutMs } = options
    this.#options = options
    this.#path = url.pathname + url.search
    // What undici passes to a connector names a local address, null unless it is the client's: it hides the connector's.
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
   * Sends one GET. Resolves with undefined if the whole response has arrived and its status is a success, else with the code
   * of what went wrong; rejects if there is no response or `signal` aborts.
   */
  async get(signal: AbortSignal): Promise<string | undefined> {
    const { isSingleUse, ledger, now } = this.#options
    const response = await this.#client.request({ method: 'GET', path: this.#path, signal, reset: isSingleUse })
    const text = await response.body.text()
    // undici takes a RST for the end of a body whose length is not known (RFC 9112 §8: such a response is incomplete).
    if (this.#wasReset && isEndedByClose(response)) return RESET
    if (this.#flow !== undefined) ledger.answer(this.#flow, now(), parseAnswer(text))
    return response.statusCode >= 400 ? `HTTP_${response.statusCode}` : undefined
  }

  /** Closes the connection at once. */
  async destroy(): Promise<void> {
    await this.#client.destroy()
  }

  #follow(socket: Socket): void {
    const { ledger, now } = this.#options
    const flow = ledger.open(`${socket.localAddress}:${socket.localPort}`, now())
    this.#flow = flow
    this.#wasReset = false
    let end = 'closed'
    // Node.js reports a RST behind data as an end. This listener is in front of undici's, which would take it for FIN.
    socket.once('end', () => {
      if (wasSocketReset(socket)) socket.destroy(Object.assign(new Error(`read ${RESET}`), { code: RESET }))
      this.#wasReset = socket.destroyed
    })
    socket.once('error', (error) => {
      const code = errorCode(error)
      if (code === RESET) this.#wasReset = true
      if (!code.startsWith('UND_ERR_')) end = code // what undici ends a socket with itself was our wish
    })
    socket.once('close', () => ledger.close(flow, end))
  }
}

/** True if only the end of its connection ends a response's body (RFC 9112 §6.3, case 8). */
function isEndedByClose({ headers }: Dispatcher.ResponseData): boolean {
  return headers['content-length'] === undefined && headers['transfer-encoding'] === undefined
}
