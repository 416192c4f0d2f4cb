import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatIpv4 } from '@fivetuple/packet'
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { type Behavior, GOOD_BEHAVIOR, type Treatment, treat } from './behavior.js'
import { acceptProxyHeaders } from './proxy-headers.js'
import { pseudoRandomBytes } from './pseudo-random-bytes.js'
import { TcpEcho } from './tcp-echo.js'

/**
 * Longer than any client keeps an idle connection, so that the backend never closes one under load.
 */
const KEEP_ALIVE_MS = 75_000
const BYTES_MAX = 10 * 1024 ** 3
const DELAY_MAX_MS = 600_000
const CHUNKS_MAX = 100_000
const CHUNK_INTERVAL_MAX_MS = 60_000

const HEALTH_PATH = '/healthz'

export interface BackendOptions {
  readonly name: string
  /** Returns the current behaviour; called for each request. */
  readonly behavior?: () => Behavior
  /** Random number from 0 to 1, 1 excluded, which chooses the requests that fail. */
  readonly random?: () => number
  readonly counters?: BackendCounters
}

/** Counters of a backend since its start. */
export interface BackendCounters {
  /** HTTP requests, health checks included. */
  requests: number
  healthChecks: number
  /** Requests that got 503 because of its behaviour. */
  failed: number
  /** Requests that wait for a response that is never sent. */
  stalled: number
  /** UDP datagrams, with or without a response. */
  datagrams: number
}

/** Returns counters at zero. */
export function newBackendCounters(): BackendCounters {
  return { requests: 0, healthChecks: 0, failed: 0, stalled: 0, datagrams: 0 }
}

/**
 * Creates an HTTP server that shows what reaches a backend. Under a launcher its `listen` must be
 * called with `exclusive: true`. Connections may begin with a PROXY protocol header.
 */
export function createBackend(options: BackendOptions): FastifyInstance {
  const { name, behavior = () => GOOD_BEHAVIOR, random = Math.random, counters = newBackendCounters() } = options
  const server = fastify({
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  })
  const echo = new TcpEcho(() => behavior().stall)
  const proxied = acceptProxyHeaders(server.server, (socket, head) => echo.take(socket, head))
  server.addHook('preClose', async () => {
    proxied.close()
    echo.close()
  })
  /** Headers by which a response without a report names the backend and the peer of its socket. */
  const report = ({ socket }: { readonly socket: Socket }) => ({
    'x-backend': name,
    'x-peer': `${socket.remoteAddress}:${socket.remotePort}`,
  })
  server.addHook('onRequest', (request, reply, done) => {
    counters.requests++
    const isHealthCheck = request.routeOptions.url === HEALTH_PATH
    if (isHealthCheck) counters.healthChecks++
    const treatment = treat(behavior(), isHealthCheck, random)
    if (treatment.outcome === 'serve' && treatment.delayMs === 0) done()
    else void misbehave(treatment, name, reply, counters, done)
  })
  // Bodies are passed on as they arrive: nothing is parsed, nothing is limited.
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload))

  server.get('/', async (request, reply) => {
    const { remoteAddress: address, remotePort: port } = request.socket
    const named = proxied.clientOf(request.socket)
    const client = named && { address: formatIpv4(named.address), port: named.port }
    void reply.type('application/json; charset=utf-8')
    return `${JSON.stringify({ backend: name, peer: { address, port }, client, requests: counters.requests })}\n` // with a line end, for terminals
  })
  server.get(HEALTH_PATH, async () => ({ status: 'ok' }))

  server.route<{ Params: { n: string } }>({
    method: ['GET', 'POST', 'PUT'],
    url: '/bytes/:n',
    handler: async (request, reply) => {
      const length = whole(request.params.n, 'n', 0, BYTES_MAX)
      const type = 'application/octet-stream'
      const headers = { 'content-length': length, 'content-type': type, ...report(request) }
      const { body } = request
      if (body instanceof Readable) await finished(body.resume()).catch(() => {}) // the client has closed
      if (request.method !== 'HEAD') return reply.headers(headers).send(pseudoRandomBytes(length))
      reply.hijack() // fastify would set the length to 0, since nothing is sent
      reply.raw.writeHead(200, headers).end()
      return reply
    },
  })

  server.route({
    method: ['POST', 'PUT'],
    url: '/echo',
    handler: async (request, reply) => {
      const type = request.headers['content-type'] ?? 'application/octet-stream'
      const length = request.headers['content-length']
      reply.hijack()
      const headers = { 'content-type': type, ...(length !== undefined && { 'content-length': length }) }
      reply.raw.writeHead(200, { ...headers, ...report(request) })
      const body = (request.body ?? request.raw) as IncomingMessage
      await pipeline(body, reply.raw).catch(() => {}) // either end has closed
    },
  })

  server.route({
    method: ['POST', 'PUT'],
    url: '/sink',
    handler: async (request, reply) => {
      const body = (request.body ?? request.raw) as IncomingMessage
      void reply.headers(report(request))
      let bytes = 0
      body.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      await finished(body).catch(() => {}) // the client has closed
      return { bytes }
    },
  })

  server.get<{ Params: { ms: string } }>('/delay/:ms', async (request, reply) => {
    const ms = whole(request.params.ms, 'ms', 0, DELAY_MAX_MS)
    await sleep(ms, undefined, { signal: goneSignal(reply.raw) }).catch(() => {})
    return { delayedMs: ms }
  })

  server.get<{ Params: { code: string } }>('/status/:code', async (request, reply) => {
    const code = whole(request.params.code, 'code', 200, 599)
    if (code !== 204 && code !== 304) return reply.code(code).send({ status: code })
    reply.hijack() // RFC 9110 §8.6: a 204 has no Content-Length, and to HEAD fastify adds one
    reply.raw.writeHead(code).end()
    return reply
  })

  server.get<{ Querystring: { chunks?: string; interval?: string } }>('/stream', async (request, reply) => {
    const chunks = whole(request.query.chunks ?? '10', 'chunks', 0, CHUNKS_MAX)
    const intervalMs = whole(request.query.interval ?? '100', 'interval', 0, CHUNK_INTERVAL_MAX_MS)
    const text = Readable.from(timedChunks(chunks, intervalMs, goneSignal(reply.raw)), { objectMode: false })
    return reply.type('text/plain').send(text)
  })
  return server
}

/**
 * No route has a schema. Loading fastify's own compilers would take 70 ms of CPU time in each
 * backend.
 */
function noSchemas(): never {
  throw new Error('routes of a backend have no schemas')
}

/** Applies a treatment. If the client closes meanwhile, the request is dropped. */
async function misbehave(
  { outcome, delayMs }: Treatment,
  name: string,
  reply: FastifyReply,
  counters: BackendCounters,
  serve: () => void,
): Promise<void> {
  const gone = goneSignal(reply.raw)
  if (outcome === 'stall') {
    counters.stalled++
    gone.addEventListener('abort', () => counters.stalled--)
    return
  }
  if (delayMs > 0) await sleep(delayMs, undefined, { signal: gone }).catch(() => {})
  if (gone.aborted) return
  if (outcome === 'serve') {
    serve()
    return
  }
  counters.failed++
  void reply.code(503).send({ backend: name, error: 'fails as configured' })
}

async function* timedChunks(chunks: number, intervalMs: number, signal: AbortSignal): AsyncGenerator<string> {
  for (let i = 1; i <= chunks; i++) {
    if (i > 1) await sleep(intervalMs, undefined, { signal })
    yield `chunk ${i} of ${chunks}\n`
  }
}

/**
 * Returns a signal that aborts if the client closes before it has the complete response. All work
 * for it then stops.
 */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}

/** Parses a whole number from a URL. Any other text is an error of the client. */
function whole(text: string, name: string, min: number, max: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw Object.assign(new Error(`${name} is '${text}': a whole number from ${min} to ${max} is needed`), {
    statusCode: 400,
  })
}
