import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { AUTHOR_HEADER, type CLIENT_AUTHORS } from '../launcher/faults/author.js'
import type { ClusterRecord } from '../launcher/run-directory.js'
import { type Method, type Operation, placeOf } from '../operations/operation.js'
import { type Named, type NameIn, OPERATIONS, type Registry } from '../operations/registry.js'
import type { RunOptions } from './client-options.js'
import { type OperationTree, operationTree, type RunArguments, type RunResult } from './operation-tree.js'
import { ApiError } from './problem.js'
import { STREAM_TYPE } from './stream.js'

const TIMEOUT_MS = 10_000
/** Most connections at once; further requests wait for one. */
const CONNECTIONS_MAX = 16
/** Times that a request is sent again after a 429. */
const RETRIES_MAX = 5
/** Longest wait that the API may request, and the first of the random extra waits, which double. */
const RETRY_AFTER_MAX_S = 10
const RETRY_SPREAD_FIRST_MS = 250

/** The client of the product's operations. */
export type ClusterClient = ApiClient<typeof OPERATIONS>
/** Methods for all operations of the product. */
export type ClusterOperations = ClusterClient['operations']

/** Author of the requests of a client, which injected faults name; default `api`. */
export interface ClientOptions {
  readonly author?: (typeof CLIENT_AUTHORS)[number]
}

/** Returns a client of the control API of a running cluster. */
export function clusterClient(record: Pick<ClusterRecord, 'api' | 'token'>, options?: ClientOptions): ClusterClient {
  return new ApiClient(record, OPERATIONS, options)
}

/** Element of a response: progress any number of times, then the result. */
export type Step = { readonly progress: Json } | { readonly result: Json }
/** Value from JSON.parse. The server made it by the schema of its operation. */
type Json = ReturnType<typeof JSON.parse>

/**
 * Sends operations to the control API of one running cluster. Methods reject with an {@link
 * ApiError} if the response is a problem, and with another Error if there is no response; both have
 * a remedy.
 * @example await client.run('lb.undrain', { lb: 'lb-2' })
 * @example for await (const state of client.operations.lb.drain({ lb: 'lb-2', wait: true }))
 * show(state)
 */
export class ApiClient<R extends Registry> {
  /** Methods for all operations, as in `operations.vip.add({ lb, vip })`. */
  readonly operations: OperationTree<R>
  readonly #record: Pick<ClusterRecord, 'api' | 'token'>
  readonly #author: string
  readonly #rows: ReadonlyMap<string, Operation>
  readonly #connections = new Agent({ connections: CONNECTIONS_MAX })

  constructor(record: Pick<ClusterRecord, 'api' | 'token'>, registry: R, { author = 'api' }: ClientOptions = {}) {
    this.#record = record
    this.#author = author
    this.#rows = new Map(registry.map((row) => [row.name, row]))
    this.operations = operationTree(registry, (name, parameters, options) => this.#run(name, parameters, options))
  }

  /**
   * Runs an operation. If it streams, the result is an async iterable of its progress, whose last
   * element is the result. Leaving it early ends the request.
   */
  run<N extends NameIn<R>>(name: N, ...input: RunArguments<Named<R, N>>): RunResult<Named<R, N>> {
    const [parameters, options] = input
    return this.#run(name, parameters, options)
  }

  /** Runs any operation and yields its progress and its result, each marked as such. */
  async *steps(row: Operation, parameters: object = {}, { signal }: RunOptions = {}): AsyncGenerator<Step, void> {
    const { path, body } = target(row, parameters)
    const how = { timeoutMs: row.timeoutMs, signal, isStream: row.progress !== undefined, accept: acceptOf(row) }
    const response = await this.#send(row.method, path, body, how)
    if (row.progress === undefined || response.statusCode !== 200) yield { result: await this.#content(response) }
    else yield* this.#lines(response, row.isFeed === true)
  }

  /** Sends one request. Rejects unless the status of the response is 200. */
  async request(method: Method, path: string, body?: object): Promise<Json> {
    return this.#content(await this.#send(method, path, body))
  }

  #run(name: string, parameters: object | undefined, options: RunOptions | undefined): Json {
    const row = this.#rows.get(name)
    if (row === undefined) throw new TypeError(`there is no operation ${name}`)
    const steps = this.steps(row, parameters, options)
    return row.progress === undefined ? onlyResult(steps) : flat(steps)
  }

  async *#lines(response: Response, isFeed: boolean): AsyncGenerator<Step, void> {
    let rest = ''
    try {
      for await (const chunk of response.body.setEncoding('utf8')) {
        const lines = (rest + chunk).split('\n')
        rest = lines.pop()!
        for (const line of lines) yield isFeed ? { progress: JSON.parse(line) } : stepOf(JSON.parse(line))
      }
    } catch (error) {
      throw error instanceof ApiError ? error : this.#noResponse(error)
    }
  }

  #content(response: Response): Promise<Json> {
    return contentOf(response).catch((error: unknown) => {
      throw error instanceof ApiError ? error : this.#noResponse(error)
    })
  }

  /**
   * Sends a request, and sends it again after a 429: the API has not processed it, so that is safe.
   */
  async #send(method: Method, path: string, body?: object, how: SendOptions = {}): Promise<Response> {
    for (let retry = 0; ; retry++) {
      const response = await this.#sendOnce(method, path, body, how).catch((error: unknown) => {
        if (!mayRepeat(method, error)) throw this.#noResponse(error)
        return this.#sendOnce(method, path, body, how).catch((again: unknown) => {
          throw this.#noResponse(again)
        })
      })
      if (response.statusCode !== 429 || retry === RETRIES_MAX) return response
      await response.body.dump()
      await sleep(retryDelayMs(response.headers['retry-after'], retry), undefined, {
        ...(how.signal && { signal: how.signal }),
      })
    }
  }

  #sendOnce(
    method: Method,
    path: string,
    body: object | undefined,
    { timeoutMs = TIMEOUT_MS, signal, isStream, accept }: SendOptions,
  ): Promise<Response> {
    const { api, token } = this.#record
    return request(`${api}${path}`, {
      dispatcher: this.#connections,
      method,
      headers: {
        authorization: `Bearer ${token}`,
        [AUTHOR_HEADER]: this.#author,
        ...(accept && { accept }),
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
      headersTimeout: timeoutMs,
      bodyTimeout: isStream ? 0 : timeoutMs, // progress may take any time
    })
  }

  #noResponse(error: unknown): Error {
    const reason = error instanceof Error ? error.message : String(error)
    return new Error(`the cluster at ${this.#record.api} does not respond (${reason}): is it still running?`)
  }
}

type Response = Dispatcher.ResponseData

interface SendOptions {
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly isStream?: boolean
  readonly accept?: string | undefined
}

/** Media type that a response must have; undefined: there is but one. */
function acceptOf({ isFeed }: Operation): string | undefined {
  return isFeed === true ? STREAM_TYPE : undefined
}

/** Path with query, and body, of a request. */
function target(row: Operation, parameters: object): { path: string; body: object | undefined } {
  const entries = Object.entries(parameters).filter(([, value]) => value !== undefined)
  const at = (place: 'path' | 'query' | 'body') => entries.filter(([name]) => placeOf(row, name) === place)
  const path = at('path').reduce((path, [name, value]) => {
    return path.replace(`:${name}`, encodeURIComponent(String(value)))
  }, row.path)
  const query = new URLSearchParams(Object.fromEntries(at('query').map(([name, value]) => [name, String(value)])))
  const body = Object.fromEntries(at('body'))
  return {
    path: query.size > 0 ? `${path}?${query}` : path,
    body: Object.keys(body).length > 0 ? body : undefined,
  }
}

async function onlyResult(steps: AsyncIterable<Step>): Promise<Json> {
  for await (const step of steps) if ('result' in step) return step.result
}

async function* flat(steps: AsyncIterable<Step>): AsyncGenerator<Json, Json> {
  for await (const step of steps) {
    if ('progress' in step) yield step.progress
    else {
      yield step.result
      return step.result
    }
  }
}

function stepOf(line: Json): Step {
  if (line.problem !== undefined) throw new ApiError(line.problem.status, line.problem.detail)
  return line
}

/**
 * Returns the wait that the API requests, plus a random one, so that clients do not all come back
 * at once.
 */
function retryDelayMs(retryAfter: string | string[] | undefined, retry: number): number {
  const seconds = /^\d{1,5}$/.test(String(retryAfter)) ? Number(retryAfter) : 0
  return 1000 * Math.min(seconds, RETRY_AFTER_MAX_S) + Math.random() * RETRY_SPREAD_FIRST_MS * 2 ** retry
}

async function contentOf({ statusCode, body }: Response): Promise<Json> {
  const content: Json = await body.json()
  if (statusCode !== 200)
    throw new ApiError(statusCode, content.detail ?? `the control API responded with ${statusCode}`)
  return content
}

/**
 * True if a request may be sent once more after its connection was closed: a server may close an
 * idle connection at the moment when it is used again (RFC 9112 §9.5). Only for requests without
 * side effects (RFC 9110 §9.2.2).
 */
function mayRepeat(method: Method, error: unknown): boolean {
  return method === 'GET' && error instanceof Error && 'code' in error && error.code === 'UND_ERR_SOCKET'
}

/** Resolves with the result of an operation that streams; drops its progress. */
export async function resultOf<R>(steps: AsyncGenerator<unknown, R, undefined>): Promise<R> {
  for (;;) {
    const step = await steps.next()
    if (step.done === true) return step.value
  }
}
