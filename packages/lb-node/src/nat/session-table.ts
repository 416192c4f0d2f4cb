import { murmur3 } from '@fivetuple/packet'
import { SESSION_STATE_NAMES, type SessionState, TIMEOUT_CLASS_OF, TIMEOUT_CLASSES } from './tcp-tracking.js'

/** 64 bytes a session: one cache line, so a packet touches one line of the index and one of the records. */
const STRIDE = 16
const INITIAL_SESSIONS = 1024
const NONE = -1

/** Words of a record. */
const CLIENT_ADDRESS = 0
/** client port << 16 | VIP port */
const CLIENT_VIP_PORTS = 1
const VIP_ADDRESS = 2
const BACKEND_ADDRESS = 3
/** NAT port << 16 | backend port */
const NAT_BACKEND_PORTS = 4
/** protocol | state << 8 */
const PROTOCOL_STATE = 5
/** The owner's number for the backend. */
const BACKEND = 6
const LAST_SEEN = 7
const CREATED = 8
const HASH = 9
/** Neighbours in the expiry list of the state's timeout; `NEXT` also chains free records. */
const NEXT = 10
const PREVIOUS = 11
const PACKETS_FROM_CLIENT = 12
const PACKETS_FROM_BACKEND = 13
/** When it entered its list, at the tail: lists are in this order. */
const ENLISTED = 14
/** The owner's, of a half-open session: tries << 24 | where the SYN is kept + 1 (0: nowhere). */
const OPENING = 15
const SLOT_MASK = 0xff_ffff

/** Words of an index slot: the session + 1, 0 in an empty slot, and its hash. */
const SLOT = 2
/** Slots per record: at most half of them are in use, so probe runs are short. */
const SLOTS_PER_RECORD = 2

/** A session is looked at this often per timeout, so it outlives its timeout by at most the reciprocal. */
const LOOKS_PER_TIMEOUT = 4
/** Sessions looked at in one call of `expire`: a few milliseconds, even when each of them is a cache miss. */
const LOOKS_PER_CALL = 10_000

/**
 * NAT sessions in two typed arrays: records of 64 bytes, and an open-addressing index over the client-side tuple with the
 * hash beside each entry, so that a probe touches a record only when the hash agrees. No object exists per session. A
 * session is an integer, valid until it is removed. Growth doubles both arrays, and an empty table gives them back.
 *
 * Expiry: one list per timeout, in the order in which sessions entered it. A packet only stamps its session; when a
 * session has been in its list for a quarter of the timeout, it is looked at, and goes unless it was seen within the
 * timeout: then it goes to the tail once more.
 */
export class SessionTable {
  #records = new Int32Array(INITIAL_SESSIONS * STRIDE)
  #capacity = INITIAL_SESSIONS
  #index = new Int32Array(INITIAL_SESSIONS * SLOTS_PER_RECORD * SLOT)
  /** Number of slots - 1. */
  #mask = INITIAL_SESSIONS * SLOTS_PER_RECORD - 1
  #free = NONE
  /** Records used at least once. */
  #fresh = 0
  #size = 0
  readonly #maxSessions: number
  readonly #epoch: number
  readonly #timeoutsMs: readonly number[]
  readonly #heads = new Int32Array(TIMEOUT_CLASSES).fill(NONE)
  readonly #tails = new Int32Array(TIMEOUT_CLASSES).fill(NONE)
  readonly #classSizes = new Int32Array(TIMEOUT_CLASSES)
  readonly #stateSizes = new Int32Array(SESSION_STATE_NAMES.length)

  /** @param timeoutsMs idle time by timeout class, ms; @param now ms */
  constructor(maxSessions: number, timeoutsMs: readonly number[], now: number) {
    this.#maxSessions = maxSessions
    this.#timeoutsMs = timeoutsMs
    this.#epoch = now
  }

  get size(): number {
    return this.#size
  }

  /** Bytes of all arrays. */
  get memoryBytes(): number {
    return this.#records.byteLength + this.#index.byteLength
  }

  /** Sessions per state, by state number. */
  sizeOfState(state: SessionState): number {
    return this.#stateSizes[state]!
  }

  sizeOfClass(timeoutClass: number): number {
    return this.#classSizes[timeoutClass]!
  }

  /** The session of a client-side tuple, or -1. */
  find(clientAddress: number, clientPort: number, vipAddress: number, vipPort: number, protocol: number): number {
    const hash = murmur3(clientAddress, vipAddress, clientPort, vipPort, protocol, 0) | 0
    const ports = (clientPort << 16) | vipPort
    const mask = this.#mask
    const index = this.#index
    const records = this.#records
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const session = index[slot * SLOT]! - 1
      if (session === NONE) return NONE
      if (index[slot * SLOT + 1] !== hash) continue
      const r = session * STRIDE
      if (
        records[r + CLIENT_ADDRESS] === (clientAddress | 0) &&
        records[r + CLIENT_VIP_PORTS] === ports &&
        records[r + VIP_ADDRESS] === (vipAddress | 0) &&
        (records[r + PROTOCOL_STATE]! & 0xff) === protocol
      )
        return session
    }
  }

  /**
   * Adds a session, which must not exist; its backend side is set by {@link bind}.
   * @returns the session, or -1 when the table holds `maxSessions`
   */
  add(
    clientAddress: number,
    clientPort: number,
    vipAddress: number,
    vipPort: number,
    protocol: number,
    state: SessionState,
    now: number,
  ): number {
    if (this.#size >= this.#maxSessions) return NONE
    if (this.#free === NONE && this.#fresh === this.#capacity) this.#grow()
    let session = this.#free
    if (session === NONE) session = this.#fresh++
    else this.#free = this.#records[session * STRIDE + NEXT]!
    const records = this.#records
    const r = session * STRIDE
    const hash = murmur3(clientAddress, vipAddress, clientPort, vipPort, protocol, 0) | 0
    records.fill(0, r, r + STRIDE)
    records[r + CLIENT_ADDRESS] = clientAddress
    records[r + CLIENT_VIP_PORTS] = (clientPort << 16) | vipPort
    records[r + VIP_ADDRESS] = vipAddress
    records[r + PROTOCOL_STATE] = protocol | (state << 8)
    records[r + LAST_SEEN] = this.#stamp(now)
    records[r + CREATED] = this.#stamp(now)
    records[r + HASH] = hash
    this.#size++
    this.#stateSizes[state]!++
    this.#enlist(session, TIMEOUT_CLASS_OF[state]!, now)
    this.#insert(session, hash)
    return session
  }

  /** Sets the backend side: endpoint, NAT port, and the owner's number for the backend. */
  bind(session: number, backendAddress: number, backendPort: number, natPort: number, backend: number): void {
    const r = session * STRIDE
    this.#records[r + BACKEND_ADDRESS] = backendAddress
    this.#records[r + NAT_BACKEND_PORTS] = (natPort << 16) | backendPort
    this.#records[r + BACKEND] = backend
  }

  remove(session: number): void {
    const r = session * STRIDE
    const records = this.#records
    const state = records[r + PROTOCOL_STATE]! >>> 8
    this.#erase(session, records[r + HASH]!)
    this.#delist(session, TIMEOUT_CLASS_OF[state]!)
    this.#stateSizes[state]!--
    this.#size--
    records[r + PROTOCOL_STATE] = 0
    records[r + NEXT] = this.#free
    this.#free = session
  }

  /** A packet of the session went by: stamps it and moves it to its next state. */
  touch(session: number, state: SessionState, fromClient: boolean, now: number): void {
    const records = this.#records
    const r = session * STRIDE
    records[r + LAST_SEEN] = this.#stamp(now)
    records[r + (fromClient ? PACKETS_FROM_CLIENT : PACKETS_FROM_BACKEND)]!++
    const before = records[r + PROTOCOL_STATE]! >>> 8
    if (before === state) return
    records[r + PROTOCOL_STATE] = (records[r + PROTOCOL_STATE]! & 0xff) | (state << 8)
    this.#stateSizes[before]!--
    this.#stateSizes[state]!++
    const from = TIMEOUT_CLASS_OF[before]!
    const to = TIMEOUT_CLASS_OF[state]!
    if (from === to) return
    this.#delist(session, from)
    this.#enlist(session, to, now)
  }

  clientAddress(session: number): number {
    return this.#records[session * STRIDE + CLIENT_ADDRESS]! >>> 0
  }
  clientPort(session: number): number {
    return this.#records[session * STRIDE + CLIENT_VIP_PORTS]! >>> 16
  }
  vipAddress(session: number): number {
    return this.#records[session * STRIDE + VIP_ADDRESS]! >>> 0
  }
  vipPort(session: number): number {
    return this.#records[session * STRIDE + CLIENT_VIP_PORTS]! & 0xffff
  }
  backendAddress(session: number): number {
    return this.#records[session * STRIDE + BACKEND_ADDRESS]! >>> 0
  }
  backendPort(session: number): number {
    return this.#records[session * STRIDE + NAT_BACKEND_PORTS]! & 0xffff
  }
  natPort(session: number): number {
    return this.#records[session * STRIDE + NAT_BACKEND_PORTS]! >>> 16
  }
  protocol(session: number): number {
    return this.#records[session * STRIDE + PROTOCOL_STATE]! & 0xff
  }
  state(session: number): SessionState {
    return (this.#records[session * STRIDE + PROTOCOL_STATE]! >>> 8) as SessionState
  }
  backend(session: number): number {
    return this.#records[session * STRIDE + BACKEND]!
  }
  /** Where its SYN is kept, below 2^24 - 1, or -1. */
  synSlot(session: number): number {
    return (this.#records[session * STRIDE + OPENING]! & SLOT_MASK) - 1
  }
  setSynSlot(session: number, slot: number): void {
    const r = session * STRIDE
    this.#records[r + OPENING] = (this.#records[r + OPENING]! & ~SLOT_MASK) | (slot + 1)
  }
  /** How often it was given to another backend, 0 to 255. */
  tries(session: number): number {
    return this.#records[session * STRIDE + OPENING]! >>> 24
  }
  setTries(session: number, tries: number): void {
    const r = session * STRIDE
    this.#records[r + OPENING] = (this.#records[r + OPENING]! & SLOT_MASK) | (tries << 24)
  }
  /** Packets of the client, modulo 2^32. */
  packetsFromClient(session: number): number {
    return this.#records[session * STRIDE + PACKETS_FROM_CLIENT]! >>> 0
  }
  /** Packets of the backend, modulo 2^32. */
  packetsFromBackend(session: number): number {
    return this.#records[session * STRIDE + PACKETS_FROM_BACKEND]! >>> 0
  }
  /** Time since the last packet, ms. */
  idleMs(session: number, now: number): number {
    return (this.#stamp(now) - this.#records[session * STRIDE + LAST_SEEN]!) >>> 0
  }
  /** Time since it was added, ms. */
  ageMs(session: number, now: number): number {
    return (this.#stamp(now) - this.#records[session * STRIDE + CREATED]!) >>> 0
  }

  /** The session that entered a timeout's list first, or -1: the one to go under pressure. */
  oldest(timeoutClass: number): number {
    return this.#heads[timeoutClass]!
  }

  /**
   * Calls `onExpired` for sessions that have been idle for their timeout; the callee removes them. One call looks at so
   * many sessions and no more: what is left over shows as a {@link deadline} that has passed.
   */
  expire(now: number, onExpired: (session: number) => void): void {
    let looks = LOOKS_PER_CALL
    for (let c = 0; c < TIMEOUT_CLASSES; c++) {
      const timeout = this.#timeoutsMs[c]!
      const wait = timeout / LOOKS_PER_TIMEOUT
      for (; looks > 0; looks--) {
        const session = this.#heads[c]!
        if (session === NONE || this.#enlistedMs(session, now) < wait) break
        if (this.idleMs(session, now) >= timeout) onExpired(session)
        else {
          this.#delist(session, c)
          this.#enlist(session, c, now)
        }
      }
    }
    if (this.#size === 0 && this.#capacity > INITIAL_SESSIONS) this.#reset()
  }

  /** When {@link expire} is wanted next, ms; Infinity when there are no sessions. */
  deadline(now: number): number {
    let deadline = Number.POSITIVE_INFINITY
    for (let c = 0; c < TIMEOUT_CLASSES; c++) {
      const session = this.#heads[c]!
      if (session === NONE) continue
      deadline = Math.min(deadline, now + this.#timeoutsMs[c]! / LOOKS_PER_TIMEOUT - this.#enlistedMs(session, now))
    }
    return deadline
  }

  /** Calls `visit` for each session, in no particular order. It may remove that session. */
  forEach(visit: (session: number) => void): void {
    for (let c = 0; c < TIMEOUT_CLASSES; c++) {
      for (let session = this.#heads[c]!; session !== NONE; ) {
        const next = this.#records[session * STRIDE + NEXT]!
        visit(session)
        session = next
      }
    }
  }

  /** Milliseconds since the table was made, modulo 2^32: enough to tell idle times below 49 days apart. */
  #stamp(now: number): number {
    return (now - this.#epoch) | 0
  }

  #enlistedMs(session: number, now: number): number {
    return (this.#stamp(now) - this.#records[session * STRIDE + ENLISTED]!) >>> 0
  }

  #enlist(session: number, c: number, now: number): void {
    const records = this.#records
    const r = session * STRIDE
    const tail = this.#tails[c]!
    records[r + ENLISTED] = this.#stamp(now)
    records[r + NEXT] = NONE
    records[r + PREVIOUS] = tail
    if (tail === NONE) this.#heads[c] = session
    else records[tail * STRIDE + NEXT] = session
    this.#tails[c] = session
    this.#classSizes[c]!++
  }

  #delist(session: number, c: number): void {
    const records = this.#records
    const next = records[session * STRIDE + NEXT]!
    const previous = records[session * STRIDE + PREVIOUS]!
    if (previous === NONE) this.#heads[c] = next
    else records[previous * STRIDE + NEXT] = next
    if (next === NONE) this.#tails[c] = previous
    else records[next * STRIDE + PREVIOUS] = previous
    this.#classSizes[c]!--
  }

  #insert(session: number, hash: number): void {
    const mask = this.#mask
    const index = this.#index
    let slot = hash & mask
    while (index[slot * SLOT] !== 0) slot = (slot + 1) & mask
    index[slot * SLOT] = session + 1
    index[slot * SLOT + 1] = hash
  }

  #erase(session: number, hash: number): void {
    const mask = this.#mask
    const index = this.#index
    let hole = hash & mask
    while (index[hole * SLOT] !== session + 1) hole = (hole + 1) & mask
    // Knuth 6.4, algorithm R: move up what may live at the hole, so that no tombstones pile up.
    for (let i = (hole + 1) & mask; index[i * SLOT] !== 0; i = (i + 1) & mask) {
      const home = index[i * SLOT + 1]! & mask
      if (((i - home) & mask) < ((i - hole) & mask)) continue
      index[hole * SLOT] = index[i * SLOT]!
      index[hole * SLOT + 1] = index[i * SLOT + 1]!
      hole = i
    }
    index[hole * SLOT] = 0
  }

  #grow(): void {
    const records = new Int32Array(this.#records.length * 2)
    records.set(this.#records)
    this.#records = records
    this.#capacity *= 2
    const before = this.#index
    this.#index = new Int32Array(before.length * 2)
    this.#mask = this.#mask * 2 + 1
    for (let i = 0; i < before.length; i += SLOT) if (before[i] !== 0) this.#insert(before[i]! - 1, before[i + 1]!)
  }

  #reset(): void {
    this.#records = new Int32Array(INITIAL_SESSIONS * STRIDE)
    this.#capacity = INITIAL_SESSIONS
    this.#index = new Int32Array(INITIAL_SESSIONS * SLOTS_PER_RECORD * SLOT)
    this.#mask = INITIAL_SESSIONS * SLOTS_PER_RECORD - 1
    this.#free = NONE
    this.#fresh = 0
  }
}
