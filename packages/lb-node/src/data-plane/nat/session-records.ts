/** Words of a record: 64 bytes, as much as a cache line. */
export const STRIDE = 16
const INITIAL_SESSIONS = 1024
const NONE = -1

/**
 * Words of a record, by index. Those that each packet reads or writes come first: large arrays
 * begin 16 bytes behind the start of a cache line (glibc), so the last four words of a record are
 * in another line than the first twelve.
 */
export const Word = {
  CLIENT_ADDRESS: 0,
  /** client port << 16 | VIP port */
  CLIENT_VIP_PORTS: 1,
  VIP_ADDRESS: 2,
  /**
   * protocol | state << 8 | 1 << 16 while segments carry the client's endpoint | 1 << 17 once its
   * end is in the records of flows; 0 in a record that is free
   */
  PROTOCOL_STATE: 3,
  BACKEND_ADDRESS: 4,
  /** NAT port << 16 | backend port */
  NAT_BACKEND_PORTS: 5,
  LAST_SEEN: 6,
  PACKETS_FROM_CLIENT: 7,
  PACKETS_FROM_BACKEND: 8,
  /** Neighbours in the expiry list of the state's timeout; `NEXT` also chains free records. */
  NEXT: 9,
  PREVIOUS: 10,
  /** When it entered its list, at the tail: lists are in this order. */
  ENLISTED: 11,
  /** The owner's number for the backend. */
  BACKEND: 12,
  CREATED: 13,
  HASH: 14,
  /** The owner's, of a half-open session: tries << 24 | where the SYN is kept + 1 (0: nowhere). */
  OPENING: 15,
} as const

/** Session records in one typed array, which doubles when it is full. Freed ones are used first. */
export class SessionRecords {
  /** Record `s` begins at `s * STRIDE`. Replaced as it grows. */
  words = new Int32Array(INITIAL_SESSIONS * STRIDE)
  #capacity = INITIAL_SESSIONS
  #free = NONE
  /** Records used at least once. */
  #fresh = 0

  /** Records that there is room for. */
  get capacity(): number {
    return this.#capacity
  }

  /** Takes a record; all its words are zero. */
  allocate(): number {
    let session = this.#free
    if (session === NONE) {
      if (this.#fresh === this.#capacity) this.#grow()
      session = this.#fresh++
    } else this.#free = this.words[session * STRIDE + Word.NEXT]!
    this.words.fill(0, session * STRIDE, (session + 1) * STRIDE)
    return session
  }

  /**
   * Reads one word of each record, so that it is in the cache; -1 is passed over. @returns
   * something made of them
   */
  readEach(sessions: Int32Array, count: number): number {
    const { words } = this
    let sum = 0
    for (let i = 0; i < count; i++) if (sessions[i]! >= 0) sum += words[sessions[i]! * STRIDE]!
    return sum
  }

  free(session: number): void {
    this.words[session * STRIDE + Word.PROTOCOL_STATE] = 0
    this.words[session * STRIDE + Word.NEXT] = this.#free
    this.#free = session
  }

  /** Gives the memory back. No record may be in use. */
  reset(): void {
    if (this.#capacity > INITIAL_SESSIONS) this.words = new Int32Array(INITIAL_SESSIONS * STRIDE)
    this.#capacity = INITIAL_SESSIONS
    this.#free = NONE
    this.#fresh = 0
  }

  #grow(): void {
    const words = new Int32Array(this.words.length * 2)
    words.set(this.words)
    this.words = words
    this.#capacity *= 2
  }
}
