import type { Socket } from 'node:net'
import { UnprovenConnections } from '@fivetuple/runtime'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { AUTHOR_HEADER, type Author, CLIENT_AUTHORS } from '../launcher/faults/author.js'
import type { ClusterControl } from '../operations/control.js'
import { type Method, type Operation, type PlaceSchema, schemaOf } from '../operations/operation.js'
import { OPERATIONS, type Registry } from '../operations/registry.js'
import { Guard } from './guard.js'
import { openApiDocument } from './openapi.js'
import { ApiError, PROBLEM_TYPE, problem } from './problem.js'
import { decodeQuery } from './query.js'
import { feedLines, SSE_TYPE, STREAM_TYPE, stepLines } from './stream.js'

/** Longest body of a request, unless its operation has another limit. */
const BODY_MAX_BYTES = 64 * 1024
const HEADERS_MAX_BYTES = 8 * 1024
/** Longest parameter of a path: a name of 64 characters, each of them percent-encoded. */
const PARAM_MAX_LENGTH = 192
/** Longest time from the first byte of a request to its last. */
const REQUEST_TIMEOUT_MS = 10_000
/** Time after which an idle connection is closed. */
const IDLE_TIMEOUT_MS = 30_000
/**
 * Time for the first request with the token on a connection, and number of connections without one;
 * of more, the oldest are closed.
 */
const UNPROVEN_TIMEOUT_MS = 5_000
const UNPROVEN_MAX = 64
/**
 * Most connections with the token that stay open between requests; others are closed after the
 * response.
 */
const KEPT_MAX = 256

export interface ApiServerOptions {
  readonly address: string
  readonly port: number
  /** Bearer token that every request must bring. */
  readonly token: string
  readonly control: ClusterControl
  /** Default: the operations of the product. */
  readonly operations?: Registry
  /** Clock of the rate limits, ms; default: that of the process. */
  readonly now?: () => number
}

/** Builds the control API: HTTP on loopback, JSON, versioned paths. */
export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const { address, port, token, control, operations = OPERATIONS, now = () => performance.now() } = options
  const server = fastify({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    http: { maxHeaderSize: HEADERS_MAX_BYTES, headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    routerOptions: { maxParamLength: PARAM_MAX_LENGTH },
    schemaController: { compilersFactory: { buildSerializer: noResponseSchemas } },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, verbose: true } },
    clientErrorHandler: rejectMalformed,
    frameworkErrors: sendError,
  })
  server.removeContentTypeParser('text/plain') // bodies are JSON
  const guard = new Guard(`${address}:${port}`, token, now())
  const connections = new ConnectionLimits()
  server.server.on('connection', (socket) => connections.add(socket))
  server.addHook('onRequest', async ({ headers, socket }, reply) => {
    guard.admit(headers, now())
    if (!connections.keep(socket)) reply.header('connection', 'close')
  })
  server.setErrorHandler(sendError)
  const paths: readonly ServedPath[] = [...operations, { method: 'GET', path: DOCUMENT_PATH }]
  server.setNotFoundHandler((request) => {
    throw notFound(request, paths)
  })
  server.get(DOCUMENT_PATH, async () => openApiDocument(operations))
  for (const row of operations) serve(server, row, control)
  return server
}

/** Path of the OpenAPI document. */
const DOCUMENT_PATH = '/v1/openapi.json'

interface ServedPath {
  readonly method: Method
  readonly path: string
}

/** Adds the route of an operation. */
function serve(server: FastifyInstance, row: Operation, control: ClusterControl): void {
  const [params, querystring, body] = [schemaOf(row, 'path'), schemaOf(row, 'query'), schemaOf(row, 'body')]
  // A path without parameters in the query takes none: an unknown one is an error.
  const query = querystring ?? NO_PARAMETERS
  server.route({
    method: row.method,
    url: row.path,
    ...(row.bodyMaxBytes !== undefined && { bodyLimit: row.bodyMaxBytes }),
    schema: { ...(params && { params }), querystring: query, ...(body && { body }) },
    preValidation: async (request) => {
      request.query = decodeQuery(request.query, query)
      if (body !== undefined) request.body ??= {}
    },
    handler: async (request, reply) => {
      const parameters = Object.assign({}, request.params, request.query, body && request.body)
      const gone = new AbortController()
      reply.raw.once('close', () => gone.abort())
      const own = { ...control, author: authorOf(request) }
      if (row.isFeed === true) return sendFeed(row, own, request, parameters, gone.signal, reply)
      const run = () => row.run(own, parameters, gone.signal)
      const operation = { name: row.name, author: own.author, parameters }
      const outcome = row.method === 'GET' ? run() : control.events.operate(operation, run)
      if (!('next' in outcome)) return outcome
      return reply.type(STREAM_TYPE).send(await stepLines(outcome, (error) => reportError(error)[1]))
    },
  })
}

/** Sends a feed in the format that the client accepts. */
async function sendFeed(
  row: Operation,
  control: ClusterControl,
  { headers }: FastifyRequest,
  parameters: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { format, follow, since } = parameters
  const isSse = format === undefined ? headers.accept?.includes(SSE_TYPE) === true : format === 'sse'
  const lastId = headers['last-event-id']
  const place = { follow: follow ?? isSse, since: lastId ?? since }
  const steps = row.run(control, { ...parameters, ...place }, signal)
  if (!('next' in steps)) throw new TypeError(`${row.name} is no feed`)
  const stream = await feedLines(steps, isSse, (error) => reportError(error)[1])
  return reply
    .type(isSse ? SSE_TYPE : STREAM_TYPE)
    .header('cache-control', 'no-store')
    .send(stream)
}

/** Returns the author that a client names. */
function authorOf({ headers }: FastifyRequest): Author {
  const named = headers[AUTHOR_HEADER] ?? 'api'
  const author = CLIENT_AUTHORS.find((known) => known === named)
  if (author === undefined) throw new ApiError(400, `${AUTHOR_HEADER} must be one of ${CLIENT_AUTHORS.join(', ')}`)
  return author
}

const NO_PARAMETERS: PlaceSchema = { type: 'object', properties: {}, required: [], additionalProperties: false }

/**
 * Limits of connections. Those with the token and all others are counted apart, so that strangers
 * never take the place of operators.
 */
class ConnectionLimits {
  readonly #kept = new Set<Socket>()
  readonly #unproven = new UnprovenConnections<Socket>({
    max: UNPROVEN_MAX,
    timeoutMs: UNPROVEN_TIMEOUT_MS,
    close: (socket) => socket.destroy(),
  })

  add(socket: Socket): void {
    this.#unproven.add(socket)
    socket.once('close', () => {
      this.#unproven.remove(socket)
      this.#kept.delete(socket)
    })
  }

  /**
   * Records a request with the token. Returns false if its connection is to be closed after the
   * response.
   */
  keep(socket: Socket): boolean {
    if (this.#unproven.remove(socket) && this.#kept.size < KEPT_MAX) this.#kept.add(socket)
    return this.#kept.has(socket)
  }
}

/** Keeps fastify from loading its compiler of response schemas: no route has one. */
function noResponseSchemas(): never {
  throw new Error('responses have no schemas')
}

function notFound({ method, url }: FastifyRequest, paths: readonly ServedPath[]): ApiError {
  const [path = ''] = url.split('?')
  const allowed = paths
    .filter((served) => patternOf(served).test(path))
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  if (allowed.length === 0) return new ApiError(404, `there is no ${path.slice(0, 100)} here; see /v1/openapi.json`)
  const allow = [...new Set(allowed)].join(', ')
  return new ApiError(405, `${method} is not for ${path}; it takes ${allow}`, { allow })
}

function patternOf({ path }: ServedPath): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`)
}

/** Sends an error as a problem. Errors of the launcher itself go only to its standard error. */
function sendError(error: FastifyError | ApiError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [status, detail] = reportError(error)
  if (error instanceof ApiError) void reply.headers(error.headers)
  return reply.code(status).type(PROBLEM_TYPE).send(problem(status, detail))
}

/** Returns status and description of an error; writes errors of the launcher to standard error. */
function reportError(error: Error): [status: number, detail: string] {
  const [status, detail] = describeError(error)
  if (status >= 500 && !(error instanceof ApiError)) process.stderr.write(`control API: ${error.stack}\n`)
  return [status, detail]
}

function describeError(error: Partial<FastifyError> & Error): [status: number, detail: string] {
  if (error instanceof ApiError) return [error.status, error.message]
  const { statusCode = 500, validation, validationContext, message } = error
  if (statusCode >= 500) return [statusCode, 'internal error of the launcher; details are on its standard error']
  if (statusCode === 415) return [statusCode, "a body must be JSON: send 'Content-Type: application/json'"]
  const [first] = validation ?? []
  if (first === undefined) return [statusCode, message]
  const place = `${validationContext}${first.instancePath.replaceAll('/', '.')}`
  const extra = (first.params as { additionalProperty?: string }).additionalProperty
  const title = (first as { parentSchema?: { title?: string } }).parentSchema?.title
  if (extra !== undefined) return [statusCode, `${place} must not have '${extra.slice(0, 64)}'`]
  return [statusCode, `${place} ${first.message ?? 'is invalid'}${title === undefined ? '' : `: it must be ${title}`}`]
}

/** Responds to malformed HTTP, and to requests that are too long or too slow. */
function rejectMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, detail] = MALFORMED[error.code ?? ''] ?? [400, 'this is not an HTTP request']
  const body = JSON.stringify(problem(status, detail))
  const head = `HTTP/1.1 ${status} ${problem(status, '').title}\r\ncontent-type: ${PROBLEM_TYPE}\r\n`
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}

const MALFORMED: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `the request line and the headers may have ${HEADERS_MAX_BYTES} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, `a request must be complete after ${REQUEST_TIMEOUT_MS / 1000} s`],
}
