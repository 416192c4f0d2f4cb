import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/** Part of a socket's handle that the check reads. Node.js does not document it. */
export interface CheckedHandle {
  /** Negative if closed; absent on Windows. */
  readonly fd?: number
  /** @returns 0 if there is a peer */
  getpeername(into: object): number
}

const NOTHING = new Uint8Array(0)
/** A socket; it has no handle before it is opened and after it is closed. */
type WithHandle = { readonly _handle?: CheckedHandle | null }

/**
 * Returns true if the kernel has ended a connection by a RST that was not reported yet. Consumes
 * that error: the caller must close the socket.
 *
 * If a RST arrives behind bytes that did not fill the read buffer, libuv before 1.52 reports EOF
 * and not the error: it takes POLLHUP as the end of both directions. It reports nothing of a socket
 * that is not being read. In both cases the error is still on the socket, and a write of no bytes
 * returns it. If both ends have finished, that write returns EPIPE.
 *
 * @param hasFinished our FIN may have been sent: EPIPE is no sign of a RST
 */
export function wasReset(handle: CheckedHandle, hasFinished: boolean): boolean {
  const { fd = -1 } = handle
  if (fd < 0) return false
  if (hasFinished && handle.getpeername({}) === 0) return false
  try {
    writeSync(fd, NOTHING, 0, 0)
    return false
  } catch (error) {
    return !hasFinished || (error as NodeJS.ErrnoException).code !== 'EPIPE'
  }
}

/** Returns the same for a socket of `node:net`; call it on its `end`. */
export function wasSocketReset(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as WithHandle
  return handle !== undefined && handle !== null && wasReset(handle, socket.writableEnded)
}
