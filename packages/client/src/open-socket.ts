import { connect, type Socket } from 'node:net'
import type { Source } from './sources.js'

/**
 * Errors of a source that can't be used: another socket is bound to it, or it belongs to a
 * connection to the same destination that ended less than a second ago.
 */
const TAKEN = ['EADDRINUSE', 'EADDRNOTAVAIL']
/** Sources that are tried for one connection. */
const SOURCES_MAX = 8
/** As undici's own connector. */
const HIGH_WATER_MARK_BYTES = 64 * 1024

export interface OpenSocketOptions {
  readonly host: string
  readonly port: number
  /** Returns the next source to try; undefined: the kernel chooses. */
  readonly nextSource: () => Source | undefined
  /** Called for each source that can't be used. The next one is tried. */
  readonly onPortTaken: (source: Source) => void
  readonly timeoutMs: number
}

/** Code of a connection that was given up before it was established. */
const ABANDONED = 'ABANDONED'

/**
 * Opens a TCP connection, and calls back once, with the socket or the error.
 * @returns a function that gives the attempt up
 */
export function openSocket(
  options: OpenSocketOptions,
  callback: (error: Error | null, socket: Socket | null) => void,
): () => void {
  const { host, port, nextSource, onPortTaken, timeoutMs } = options
  let current: Socket | undefined
  let isSettled = false
  const end = (code: string, message: string): void => {
    if (isSettled) return
    current?.destroy()
    settle(Object.assign(new Error(message), { code }), null)
  }
  const timer = setTimeout(() => end('CONNECT_TIMEOUT', 'the connection is not established in time'), timeoutMs)
  const settle = (error: Error | null, socket: Socket | null): void => {
    if (isSettled) return
    isSettled = true
    clearTimeout(timer)
    callback(error, socket)
  }
  const attempt = (left: number): void => {
    const source = nextSource()
    const to = {
      host,
      port,
      noDelay: true,
      highWaterMark: HIGH_WATER_MARK_BYTES, // passed to the stream; the types do not list it
      ...(source && { localAddress: source.address, ...(source.port > 0 && { localPort: source.port }) }),
    }
    const socket = connect(to)
    current = socket
    const onError = (error: NodeJS.ErrnoException): void => {
      if (isSettled) return
      if (source === undefined || source.port === 0 || !TAKEN.includes(error.code ?? '')) settle(error, null)
      else {
        onPortTaken(source)
        if (left > 1) attempt(left - 1)
        else settle(error, null)
      }
    }
    socket.on('error', onError)
    socket.once('connect', () => settle(null, socket))
  }
  attempt(SOURCES_MAX)
  return () => end(ABANDONED, 'the connection was given up')
}
