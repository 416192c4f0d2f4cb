/** Longest time for which a RST stays unnoticed while at most {@link CHECKED_MAX} sockets are watched. */
const INTERVAL_MS = 250
/** Checks per interval, about one system call each: what is watched beyond them is checked later, not at the cost of traffic. */
const CHECKED_MAX = 256

/** A socket that is not being read, and so hears nothing of its peer. */
export interface WatchedSocket {
  /** Closes the socket if its peer has sent RST. */
  checkReset(): void
}

/** Periodic check of the sockets that are not being read: the kernel reports a RST to readers and writers only. */
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
