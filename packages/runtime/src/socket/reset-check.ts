import { writeSync } from 'node:fs'
import type { Socket } from 'node:net'

/** The part of a socket's handle that the check reads. Node.js has it, but does not document it. */
export interface CheckedHandle {
  /** Negative if closed; absent on Windows. */
  readonly fd?: number
  /** @returns 0 if there is a peer */
  getpeername(into: object): number
}

const NOTHING = new Uint8Array(0)
/** A socket before its handle is made, or after it is closed, has none. */
type WithHandle = { readonly _handle?: CheckedHandle | null }

/**
 * Returns true if the kernel has ended a connection by a RST that nothing has reported yet. Consumes that error: the caller
 * closes the socket.
 *
 * libuv before 1.52 reports EOF, and never looks for the error, if a RST arrives behind bytes that did not fill the read
 * buffer: POLLHUP means to it that both ends have finished. Nor does it report anything of a socket that is not being read. The
 * error is still on the socket then, and a write of no bytes returns it; of a socket that both ends have finished it returns EPIPE.
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

/** The same for a socket of `node:net`: to be called for its `end`. */
export function wasSocketReset(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as WithHandle
  return handle !== undefined && handle !== null && wasReset(handle, socket.writableEnded)
}
