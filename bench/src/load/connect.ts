import { connect, type Socket } from 'node:net'
import { wasSocketReset } from '@fivetuple/runtime'
import type { LoadOptions } from './load.js'

/** Handlers of a connection. */
export interface ConnectionEvents {
  /** Called with the number of bytes read to the beginning of the buffer. */
  onBytes(bytes: number): void
  /**
   * Called at its end.
   * @param failure errno; undefined: it was closed in order
   */
  onClose(failure: string | undefined): void
}

/** Connects to the target of a load. All reads use one buffer. */
export function connectTo(
  { host, port }: Pick<LoadOptions, 'host' | 'port'>,
  buffer: Uint8Array,
  { onBytes, onClose }: ConnectionEvents,
): Socket {
  const callback = (bytes: number): boolean => {
    onBytes(bytes)
    return true
  }
  const socket = connect({ host, port, noDelay: true, onread: { buffer, callback } })
  let failure: string | undefined
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? error.message
  })
  socket.on('end', () => {
    if (wasSocketReset(socket)) failure = 'ECONNRESET'
  })
  socket.on('close', () => onClose(failure))
  return socket
}
