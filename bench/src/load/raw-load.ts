import type { Load, LoadOptions, LoadSample } from './load.js'
import { RawConnection } from './raw-connection.js'
import { Window } from './window.js'

/** A new connection for each request. */
export const freshLoad: Load = (options) => run(options, true)

/** Keep-alive connections that read bodies and throw them away. */
export const bodiesLoad: Load = (options) => run(options, false)

async function run(options: LoadOptions, isFresh: boolean): Promise<LoadSample> {
  const window = new Window()
  const connections = Array.from({ length: options.connections }, () => new RawConnection(options, window, isFresh))
  for (const connection of connections) connection.start()
  await window.pass(options)
  for (const connection of connections) connection.stop()
  return window.sample()
}
