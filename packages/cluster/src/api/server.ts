import { createHash, timingSafeEqual } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { ClusterStatus, Explanation, LbVips } from './status.js'

/** Requests are small questions; nothing needs more. */
const BODY_MAX_BYTES = 64 * 1024
const REQUEST_TIMEOUT_MS = 10_000

/** What the API asks of the cluster. Each may reject with an {@link ApiError}. */
export interface ClusterControl {
  status(): Promise<ClusterStatus>
  explain(client: string, vip: string, protocol: 'tcp' | 'udp'): Promise<Explanation>
  /** Puts a VIP on the interface of an LB, or of all LBs ('all'), or takes it off. */
  setVip(lb: string, vip: string, present: boolean): Promise<readonly LbVips[]>
  /** The VIPs on the interfaces of an LB or of all. */
  vips(lb: string): Promise<readonly LbVips[]>
}

/** An answer other than success: becomes a problem document (RFC 9457). */
export class ApiError extends Error {
  readonly status: number
  constructor(status: number, detail: string) {
    super(detail)
    this.status = status
  }
}

export interface ApiServerOptions {
  readonly address: string
  readonly port: number
  /** Bearer token that every request must bring. */
  readonly token: string
  readonly control: ClusterControl
}

const ExplainQuery = Type.Object(
  {
    client: Type.String({ maxLength: 32 }),
    vip: Type.String({ maxLength: 32 }),
    protocol: Type.Optional(Type.Union([Type.Literal('tcp'), Type.Literal('udp')])),
  },
  { additionalProperties: false },
)

const Name = Type.String({ minLength: 1, maxLength: 64 })
const LbParams = Type.Object({ lb: Name })
const LbVipParams = Type.Object({ lb: Name, vip: Name })

/**
 * Builds the control API: HTTP on loopback, JSON, versioned paths. Loopback is shared by all users of the machine and by
 * every page in a browser, so each request must bring the token and name this server as its host, and none may come from
 * a web page (Origin).
 */
export function createApiServer({ address, port, token, control }: ApiServerOptions): FastifyInstance {
  const server = fastify({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  })
  const host = `${address}:${port}`

  server.addHook('onRequest', async (request) => {
    if (request.headers.host !== host) throw new ApiError(421, `this is ${host}; send requests with that Host`)
    if (request.headers.origin !== undefined) throw new ApiError(403, 'requests from web pages are not taken')
    if (!isAuthorized(request.headers.authorization, token))
      throw new ApiError(401, "send 'Authorization: Bearer <token>' with the token from the cluster's record")
  })
  server.setErrorHandler((error: Error & { status?: number; statusCode?: number }, _request, reply) => {
    const status = error.status ?? error.statusCode ?? 500
    if (status === 401) void reply.header('www-authenticate', 'Bearer')
    return reply.code(status).type('application/problem+json').send(problem(status, error.message))
  })
  server.setNotFoundHandler((request, reply) =>
    reply
      .code(404)
      .type('application/problem+json')
      .send(problem(404, `there is no ${request.method} ${request.url.split('?')[0]} here; see /v1/status`)),
  )

  server.get('/v1/status', () => control.status())
  server.get('/v1/explain', { schema: { querystring: ExplainQuery } }, (request) => {
    const { client, vip, protocol } = request.query as { client: string; vip: string; protocol?: 'tcp' | 'udp' }
    return control.explain(client, vip, protocol ?? 'tcp')
  })
  const onLb = { schema: { params: LbParams } }
  const onLbAndVip = { schema: { params: LbVipParams } }
  server.get('/v1/lbs/:lb/vips', onLb, (request) => control.vips((request.params as { lb: string }).lb))
  for (const [method, present] of [
    ['PUT', true],
    ['DELETE', false],
  ] as const)
    server.route({
      method,
      url: '/v1/lbs/:lb/vips/:vip',
      ...onLbAndVip,
      handler: (request) => {
        const { lb, vip } = request.params as { lb: string; vip: string }
        return control.setVip(lb, vip, present)
      },
    })
  return server
}

function isAuthorized(header: string | undefined, token: string): boolean {
  if (header === undefined) return false
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(header), digest(`Bearer ${token}`))
}

function problem(status: number, detail: string) {
  return { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}
