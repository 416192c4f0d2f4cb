import type { Socket } from 'node:net'
import { UnprovenConnections } from '@fivetuple/runtime'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { ClusterControl } from './control.js'
import { Guard } from './guard.js'
import { ApiError, PROBLEM_TYPE, problem } from './problem.js'
import type { Route } from './route.js'
import { ROUTES } from './routes/all.js'

/** Requests are small questions; nothing needs more. */
const BODY_MAX_BYTES = 64 * 1024
const HEADERS_MAX_BYTES = 8 * 1024
/** Names are 64 characters at most, also when each of them is percent-encoded. */
const PARAM_MAX_LENGTH = 192
/** From a request's first byte to its last. */
const REQUEST_TIMEOUT_MS = 10_000
/** Clients that only hold connections are cut off. */
const IDLE_TIMEOUT_MS = 30_000
/** Connections that no request with the token has come by: time for it, and how many; of more, the oldest are closed. */
const UNPROVEN_TIMEOUT_MS = 5_000
const UNPROVEN_MAX = 64
/** Connections of token holders that stay open between requests; others are closed behind the response. */
const KEPT_MAX = 256

export interface ApiServerOptions {
  readonly address: string
  readonly port: number
  /** Bearer token that every request must bring. */
  readonly token: string
  readonly control: ClusterControl
}

/** Builds the control API: HTTP on loopback, JSON, versioned paths. */
export function createApiServer({ address, port, token, control }: ApiServerOptions): FastifyInstance {
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
    clientErrorHandler: answerGarbage,
    frameworkErrors: sendError,
  })
  server.removeContentTypeParser('text/plain') // JSON is all that is spoken here
  const guard = new Guard(`${address}:${port}`, token, performance.now())
  const connections = new ConnectionLimits()
  server.server.on('connection', (socket) => connections.add(socket))
  server.addHook('onRequest', async ({ headers, socket }, reply) => {
    guard.admit(headers, performance.now())
    if (!connections.keep(socket)) reply.header('connection', 'close')
  })
  server.setErrorHandler(sendError)
  server.setNotFoundHandler((request) => {
    throw notFound(request)
  })
  for (const { method, path, params, query, body, handle } of ROUTES)
    server.route({
      method,
      url: path,
      schema: { ...(params && { params }), ...(query && { querystring: query }), ...(body && { body }) },
      handler: (request) => handle(control, request),
    })
  return server
}

/** How many connections there may be: of token holders, and of all others, which never take the place of those. */
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

  /** A request with the token has come by this connection. Returns false if it is to be closed behind the response. */
  keep(socket: Socket): boolean {
    if (this.#unproven.remove(socket) && this.#kept.size < KEPT_MAX) this.#kept.add(socket)
    return this.#kept.has(socket)
  }
}

/** No route has a schema for its answers, so what would compile one need not be loaded. */
function noResponseSchemas(): never {
  throw new Error('answers have no schemas')
}

function notFound({ method, url }: FastifyRequest): ApiError {
  const [path = ''] = url.split('?')
  const allowed = ROUTES.filter((route) => patternOf(route).test(path)).flatMap(({ method }) =>
    method === 'GET' ? ['GET', 'HEAD'] : [method],
  )
  if (allowed.length === 0) return new ApiError(404, `there is no ${path.slice(0, 100)} here; see /v1/openapi.json`)
  const allow = [...new Set(allowed)].join(', ')
  return new ApiError(405, `${method} is not for ${path}; it takes ${allow}`, { allow })
}

function patternOf({ path }: Route): RegExp {
  return new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`)
}

/** Mistakes of the client say what they are; those of ours are told to the operator of the launcher, and to nobody else. */
function sendError(error: FastifyError | ApiError, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const [status, detail] = describeError(error)
  if (status >= 500 && !(error instanceof ApiError)) process.stderr.write(`control API: ${error.stack}\n`)
  if (error instanceof ApiError) void reply.headers(error.headers)
  return reply.code(status).type(PROBLEM_TYPE).send(problem(status, detail))
}

function describeError(error: FastifyError | ApiError): [status: number, detail: string] {
  if (error instanceof ApiError) return [error.status, error.message]
  const { statusCode = 500, validation, validationContext, message } = error
  if (statusCode >= 500) return [statusCode, 'the launcher failed at this; its standard error says more']
  if (statusCode === 415) return [statusCode, "a body must be JSON: send 'Content-Type: application/json'"]
  const [first] = validation ?? []
  if (first === undefined) return [statusCode, message]
  const place = `${validationContext}${first.instancePath.replaceAll('/', '.')}`
  const extra = (first.params as { additionalProperty?: string }).additionalProperty
  const title = (first as { parentSchema?: { title?: string } }).parentSchema?.title
  if (extra !== undefined) return [statusCode, `${place} may not have '${extra.slice(0, 64)}'`]
  return [statusCode, `${place} ${first.message ?? 'is wrong'}${title === undefined ? '' : `: it must be ${title}`}`]
}

/** What is no HTTP, or too long or too slow to become a request. */
function answerGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [status, detail] = GARBAGE[error.code ?? ''] ?? [400, 'this is no HTTP request']
  const body = JSON.stringify(problem(status, detail))
  const head = `HTTP/1.1 ${status} ${problem(status, '').title}\r\ncontent-type: ${PROBLEM_TYPE}\r\n`
  socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}

const GARBAGE: Readonly<Record<string, readonly [status: number, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `a request's line and headers may have ${HEADERS_MAX_BYTES} bytes`],
  ERR_HTTP_REQUEST_TIMEOUT: [408, `a request must be whole after ${REQUEST_TIMEOUT_MS / 1000} s`],
}
