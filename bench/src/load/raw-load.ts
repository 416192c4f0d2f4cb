import { type Load, type LoadOptions, type LoadSample, type RequestKind, SMALL_GET } from './load.js'
import { RawConnection } from './raw-connection.js'
import { Window } from './window.js'

/** Load with a new connection for each request. */
export const freshLoad: Load = (options) => run(options, { ...SMALL_GET, isFresh: true })

/** Load of keep-alive connections that read bodies and discard them. */
export const bodiesLoad: Load = (options) => run(options, SMALL_GET)

/**
 * Load of keep-alive connections that send bodies. Bytes are counted as the kernel takes them, so
 * that a window need not contain whole bodies.
 */
export function uploadLoad(bodyBytes: number): Load {
  return (options) => run(options, { method: 'POST', bodyBytes, isFresh: false })
}

async function run(options: LoadOptions, kind: RequestKind): Promise<LoadSample> {
  const window = new Window()
  const connections = Array.from({ length: options.connections }, () => new RawConnection(options, window, kind))
  for (const connection of connections) connection.start()
  await window.pass(options)
  for (const connection of connections) connection.stop()
  return window.sample()
}
