import autocannon from 'autocannon'
import type { Load, RequestKind } from './load.js'
import { Window } from './window.js'

/** Interval at which autocannon checks whether it is to end. */
const SAMPLE_MS = 50
/** Longest run, in case it is not stopped. */
const SPARE_SECONDS = 30

/**
 * Load by autocannon. Its own totals are not used: they cannot skip a warm-up, and its histogram
 * rounds to whole milliseconds, which is coarse at some ten thousand requests a second.
 */
export function autocannonLoad({ method, bodyBytes, isFresh }: RequestKind): Load {
  return async (options) => {
    const { host, port, path, connections, warmUpMs, measureMs } = options
    const window = new Window()
    const completed = (statusCode: number, bytes: number, latencyMs: number): void => {
      if (statusCode === 200) window.response(latencyMs)
      else window.error(`HTTP_${statusCode}`)
      window.received(bodyBytes > 0 ? bodyBytes : bytes)
    }
    const finished = new Promise<void>((resolve, reject) => {
      const instance = autocannon(
        {
          url: `http://${host}:${port}${path}`,
          method,
          ...(bodyBytes > 0 && { body: Buffer.alloc(bodyBytes, 'x') }),
          connections,
          duration: Math.ceil((warmUpMs + measureMs) / 1000) + SPARE_SECONDS,
          sampleInt: SAMPLE_MS,
          ...(isFresh && { reconnectRate: 1, setupClient: (client) => countFresh(client, completed) }),
        },
        (error: unknown) => (error === null || error === undefined ? resolve() : reject(error)),
      )
      if (!isFresh)
        instance.on('response', (_client, statusCode, bytes, latencyMs) => completed(statusCode, bytes, latencyMs))
      instance.on('reqError', (error: NodeJS.ErrnoException) => window.error(error.code ?? error.message))
      void window.pass(options).then(() => (instance as typeof instance & { stop(): void }).stop())
    })
    await finished
    return window.sample()
  }
}

/**
 * Counts responses by the events of the parser: with a new connection for each request, autocannon
 * drops each response before it counts it.
 */
function countFresh(
  client: autocannon.Client,
  completed: (statusCode: number, bytes: number, latencyMs: number) => void,
): void {
  let startedMs = 0
  let statusCode = 0
  const events = client as unknown as NodeJS.EventEmitter
  events.on('request', () => {
    startedMs = performance.now()
  })
  events.on('headers', (head: { readonly statusCode: number }) => {
    statusCode = head.statusCode
  })
  events.on('body', (bytes: Buffer) => completed(statusCode, bytes.length, performance.now() - startedMs))
}
