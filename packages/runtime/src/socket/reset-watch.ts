/** Time until a RST is found while at most {@link CHECKED_MAX} sockets are watched, ms. */
const INTERVAL_MS = 250
/**
 * Number of checks per interval, about one system call each. Further sockets are checked later, so
 * that traffic does not get slower.
 */
const CHECKED_MAX = 256

/** A socket that is not being read, and so gets no report of a RST. */
export interface WatchedSocket {
  /** Closes the socket if its peer has sent RST. */
  checkReset(): void
}

/**
 * Periodic check of the sockets that are not being read: the kernel reports a RST only to reads and
 * writes.
 */
export class ResetWatch {
  readonly #sockets = new Set<WatchedSocket>()
  #round = this.#sockets.values()
  #timer: NodeJS.Timeout | undefined

  add(socket: WatchedSocket): void {
    this.#sockets.add(socket)
    this.#timer ??= setTimeout(this.#check, INTERVAL_MS).unref()
  }

  delete(socket: WatchedSocket): void {
    this.#sockets.delete(socket)
  }

  readonly #check = (): void => {
    for (let checked = 0; checked < CHECKED_MAX; checked++) {
      const { value, done } = this.#round.next()
      if (done) {
        this.#round = this.#sockets.values()
        break
      }
      value.checkReset()
    }
    if (this.#sockets.size > 0) this.#timer!.refresh()
    else this.#timer = undefined
  }
}
