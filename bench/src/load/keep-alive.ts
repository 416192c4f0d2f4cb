import autocannon from 'autocannon'
import type { Load } from './load.js'
import { Window } from './window.js'

/** autocannon looks this often whether it is to end; it does not before. */
const SAMPLE_MS = 50
/** It ends when it is told to; this is for the case that nobody does. */
const SPARE_SECONDS = 30

/**
 * Small requests on keep-alive connections, by autocannon. Its own sums are left aside: they cannot skip a warm-up, and its
 * histogram rounds to whole milliseconds, which is coarse at some ten thousand requests a second.
 */
export const keepAliveLoad: Load = async (options) => {
  const { host, port, path, connections, warmUpMs, measureMs } = options
  const window = new Window()
  const finished = new Promise<void>((resolve, reject) => {
    const instance = autocannon(
      {
        url: `http://${host}:${port}${path}`,
        connections,
        duration: Math.ceil((warmUpMs + measureMs) / 1000) + SPARE_SECONDS,
        sampleInt: SAMPLE_MS,
      },
      (error: unknown) => (error === null || error === undefined ? resolve() : reject(error)),
    )
    instance.on('response', (_client, statusCode, bytes, latencyMs) => {
      if (statusCode === 200) window.response(latencyMs)
      else window.error(`HTTP_${statusCode}`)
      window.received(bytes)
    })
    instance.on('reqError', (error: NodeJS.ErrnoException) => window.error(error.code ?? error.message))
    void window.pass(options).then(() => (instance as typeof instance & { stop(): void }).stop())
  })
  await finished
  return window.sample()
}
