import { type SessionRecords, STRIDE, Word } from './session-records.js'

const NONE = -1
/**
 * A session is looked at this often per timeout, so it outlives its timeout by at most the
 * reciprocal.
 */
const LOOKS_PER_TIMEOUT = 4
/**
 * Sessions looked at in one call of `expire`: a few milliseconds, even when each of them is a cache
 * miss.
 */
const LOOKS_PER_CALL = 10_000

/**
 * One list of sessions per timeout, in the order in which they entered it; the links are in the
 * sessions' records. A packet only stamps its session; when a session has been in its list for a
 * quarter of the timeout, it is looked at, and goes unless it was seen within the timeout: then it
 * goes to the tail once more.
 *
 * Times are stamps of 32 bits, ms: differences below 49 days are unambiguous.
 */
export class ExpiryLists {
  readonly #records: SessionRecords
  readonly #timeoutsMs: readonly number[]
  readonly #heads: Int32Array
  readonly #tails: Int32Array
  readonly #sizes: Int32Array

  /** @param timeoutsMs idle time by list, ms */
  constructor(records: SessionRecords, timeoutsMs: readonly number[]) {
    this.#records = records
    this.#timeoutsMs = timeoutsMs
    this.#heads = new Int32Array(timeoutsMs.length).fill(NONE)
    this.#tails = new Int32Array(timeoutsMs.length).fill(NONE)
    this.#sizes = new Int32Array(timeoutsMs.length)
  }

  sizeOf(list: number): number {
    return this.#sizes[list]!
  }

  /** The session that entered a list first, or -1. */
  oldest(list: number): number {
    return this.#heads[list]!
  }

  enter(session: number, list: number, stamp: number): void {
    const { words } = this.#records
    const r = session * STRIDE
    const tail = this.#tails[list]!
    words[r + Word.ENLISTED] = stamp
    words[r + Word.NEXT] = NONE
    words[r + Word.PREVIOUS] = tail
    if (tail === NONE) this.#heads[list] = session
    else words[tail * STRIDE + Word.NEXT] = session
    this.#tails[list] = session
    this.#sizes[list]!++
  }

  leave(session: number, list: number): void {
    const { words } = this.#records
    const next = words[session * STRIDE + Word.NEXT]!
    const previous = words[session * STRIDE + Word.PREVIOUS]!
    if (previous === NONE) this.#heads[list] = next
    else words[previous * STRIDE + Word.NEXT] = next
    if (next === NONE) this.#tails[list] = previous
    else words[next * STRIDE + Word.PREVIOUS] = previous
    this.#sizes[list]!--
  }

  /**
   * Calls `onExpired` for sessions that have been idle for their timeout; the callee removes them.
   * One call looks at so many sessions and no more: what is left over shows as a negative {@link
   * wait}.
   */
  expire(stamp: number, onExpired: (session: number) => void): void {
    let looks = LOOKS_PER_CALL
    for (let list = 0; list < this.#heads.length; list++) {
      const timeout = this.#timeoutsMs[list]!
      const wait = timeout / LOOKS_PER_TIMEOUT
      for (; looks > 0; looks--) {
        const session = this.#heads[list]!
        if (session === NONE || this.#since(session, Word.ENLISTED, stamp) < wait) break
        if (this.#since(session, Word.LAST_SEEN, stamp) >= timeout) onExpired(session)
        else {
          this.leave(session, list)
          this.enter(session, list, stamp)
        }
      }
    }
  }

  /** Time until {@link expire} is wanted next, ms; Infinity when there are no sessions. */
  wait(stamp: number): number {
    let wait = Number.POSITIVE_INFINITY
    for (let list = 0; list < this.#heads.length; list++) {
      const session = this.#heads[list]!
      if (session === NONE) continue
      wait = Math.min(wait, this.#timeoutsMs[list]! / LOOKS_PER_TIMEOUT - this.#since(session, Word.ENLISTED, stamp))
    }
    return wait
  }

  /** Calls `visit` for each session, in no particular order. It may remove that session. */
  forEach(visit: (session: number) => void): void {
    for (let list = 0; list < this.#heads.length; list++) {
      for (let session = this.#heads[list]!; session !== NONE; ) {
        const next = this.#records.words[session * STRIDE + Word.NEXT]!
        visit(session)
        session = next
      }
    }
  }

  #since(session: number, word: typeof Word.ENLISTED | typeof Word.LAST_SEEN, stamp: number): number {
    return (stamp - this.#records.words[session * STRIDE + word]!) >>> 0
  }
}
