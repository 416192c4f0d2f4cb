import { murmur3 } from '@fivetuple/packet'
import { ExpiryLists } from './expiry-lists.js'
import { SessionIndex } from './session-index.js'
import { SessionRecords, STRIDE, Word } from './session-records.js'
import { SESSION_STATE_NAMES, SessionState, TIMEOUT_CLASS_OF } from './tcp-tracking.js'

const NONE = -1
const SLOT_MASK = 0xff_ffff
const CARRIES_CLIENT = 1 << 16
const IS_END_RECORDED = 1 << 17

/**
 * NAT sessions in typed arrays: records of 64 bytes, an index over the client-side tuple, and
 * expiry lists through the records. No object exists per session. A session is an integer, valid
 * until it is removed. The arrays double as they fill, and an empty table gives them back.
 */
export class SessionTable {
  readonly #records = new SessionRecords()
  readonly #index = new SessionIndex()
  /** By timeout class. */
  readonly #lists: ExpiryLists
  #size = 0
  readonly #maxSessions: number
  readonly #epoch: number
  /**
   * Called when both ends of a TCP session have closed, or one has reset it. Default: nobody is
   * interested.
   */
  onOver: ((session: number, before: SessionState, fromClient: boolean) => void) | undefined
  readonly #stateSizes = new Int32Array(SESSION_STATE_NAMES.length)

  /** @param timeoutsMs idle time by timeout class, ms; @param now ms */
  constructor(maxSessions: number, timeoutsMs: readonly number[], now: number) {
    this.#maxSessions = maxSessions
    this.#lists = new ExpiryLists(this.#records, timeoutsMs)
    this.#epoch = now
  }

  get size(): number {
    return this.#size
  }

  /** Bytes of all arrays. */
  get memoryBytes(): number {
    return this.#records.words.byteLength + this.#index.memoryBytes
  }

  /** Sessions per state, by state number. */
  sizeOfState(state: SessionState): number {
    return this.#stateSizes[state]!
  }

  sizeOfClass(timeoutClass: number): number {
    return this.#lists.sizeOf(timeoutClass)
  }

  /** The session of a client-side tuple, or -1. */
  find(clientAddress: number, vipAddress: number, clientPort: number, vipPort: number, protocol: number): number {
    const hash = this.hashOf(clientAddress, vipAddress, clientPort, vipPort, protocol)
    const index = this.#index
    const { words } = this.#records
    for (let slot = index.first(hash); slot !== NONE; slot = index.next(slot, hash)) {
      const session = index.sessionAt(slot)
      const r = session * STRIDE
      if (
        words[r + Word.CLIENT_ADDRESS] === (clientAddress | 0) &&
        words[r + Word.CLIENT_VIP_PORTS] === ((clientPort << 16) | vipPort) &&
        words[r + Word.VIP_ADDRESS] === (vipAddress | 0) &&
        (words[r + Word.PROTOCOL_STATE]! & 0xff) === protocol
      )
        return session
    }
    return NONE
  }

  /** Hash of a client-side tuple: the slot at which the index begins its search. 32 signed bits. */
  hashOf(clientAddress: number, vipAddress: number, clientPort: number, vipPort: number, protocol: number): number {
    return murmur3(clientAddress, vipAddress, clientPort, vipPort, protocol, 0) | 0
  }

  /**
   * Reads slots and records of the sessions with these hashes; replaces the hashes by sessions,
   * some of them wrong.
   */
  readByHash(hashes: Int32Array, count: number): number {
    return this.#index.firstOfEach(hashes, count) + this.#records.readEach(hashes, count)
  }

  /** Reads the records of these sessions; -1 is passed over. */
  readEach(sessions: Int32Array, count: number): number {
    return this.#records.readEach(sessions, count)
  }

  /**
   * Adds a session, which must not exist; its backend side is set by {@link bind}.
   * @returns the session, or -1 when the table holds `maxSessions`
   */
  add(
    clientAddress: number,
    vipAddress: number,
    clientPort: number,
    vipPort: number,
    protocol: number,
    state: SessionState,
    now: number,
  ): number {
    if (this.#size >= this.#maxSessions) return NONE
    const session = this.#records.allocate()
    const { words } = this.#records
    const r = session * STRIDE
    const hash = this.hashOf(clientAddress, vipAddress, clientPort, vipPort, protocol)
    words[r + Word.CLIENT_ADDRESS] = clientAddress
    words[r + Word.CLIENT_VIP_PORTS] = (clientPort << 16) | vipPort
    words[r + Word.VIP_ADDRESS] = vipAddress
    words[r + Word.PROTOCOL_STATE] = protocol | (state << 8)
    words[r + Word.LAST_SEEN] = this.#stamp(now)
    words[r + Word.CREATED] = this.#stamp(now)
    words[r + Word.HASH] = hash
    this.#index.insert(session, hash, this.#size++)
    this.#stateSizes[state]!++
    this.#lists.enter(session, TIMEOUT_CLASS_OF[state]!, this.#stamp(now))
    return session
  }

  /** Sets the backend side: endpoint, NAT port, and the owner's number for the backend. */
  bind(session: number, backendAddress: number, backendPort: number, natPort: number, backend: number): void {
    const r = session * STRIDE
    const { words } = this.#records
    words[r + Word.BACKEND_ADDRESS] = backendAddress
    words[r + Word.NAT_BACKEND_PORTS] = (natPort << 16) | backendPort
    words[r + Word.BACKEND] = backend
  }

  remove(session: number): void {
    const state = this.state(session)
    if (state !== SessionState.UDP_MOVED) this.#index.erase(session, this.#records.words[session * STRIDE + Word.HASH]!)
    this.#lists.leave(session, TIMEOUT_CLASS_OF[state]!)
    this.#stateSizes[state]!--
    this.#size--
    this.#records.free(session)
  }

  /**
   * Leaves a UDP session to what its backend still sends: {@link find} does not find it any more,
   * and its client-side tuple may be added again.
   */
  detach(session: number, now: number): void {
    const { words } = this.#records
    this.#index.erase(session, words[session * STRIDE + Word.HASH]!)
    words[session * STRIDE + Word.LAST_SEEN] = this.#stamp(now)
    this.#setState(session, SessionState.UDP_MOVED, false, now)
  }

  /** A packet of the session went by: stamps it and moves it to its next state. */
  touch(session: number, state: SessionState, fromClient: boolean, now: number): void {
    const { words } = this.#records
    const r = session * STRIDE
    words[r + Word.LAST_SEEN] = this.#stamp(now)
    words[r + (fromClient ? Word.PACKETS_FROM_CLIENT : Word.PACKETS_FROM_BACKEND)]!++
    if (((words[r + Word.PROTOCOL_STATE]! >>> 8) & 0xff) !== state) this.#setState(session, state, fromClient, now)
  }

  #setState(session: number, state: SessionState, fromClient: boolean, now: number): void {
    const { words } = this.#records
    const r = session * STRIDE
    const word = words[r + Word.PROTOCOL_STATE]!
    const before = (word >>> 8) & 0xff
    words[r + Word.PROTOCOL_STATE] = (word & ~0xff00) | (state << 8)
    this.#stateSizes[before]!--
    this.#stateSizes[state]!++
    if (state === SessionState.CLOSED || state === SessionState.RESET)
      this.onOver?.(session, before as SessionState, fromClient)
    const from = TIMEOUT_CLASS_OF[before]!
    const to = TIMEOUT_CLASS_OF[state]!
    if (from === to) return
    this.#lists.leave(session, from)
    this.#lists.enter(session, to, this.#stamp(now))
  }

  clientAddress(session: number): number {
    return this.#records.words[session * STRIDE + Word.CLIENT_ADDRESS]! >>> 0
  }
  clientPort(session: number): number {
    return this.#records.words[session * STRIDE + Word.CLIENT_VIP_PORTS]! >>> 16
  }
  vipAddress(session: number): number {
    return this.#records.words[session * STRIDE + Word.VIP_ADDRESS]! >>> 0
  }
  vipPort(session: number): number {
    return this.#records.words[session * STRIDE + Word.CLIENT_VIP_PORTS]! & 0xffff
  }
  backendAddress(session: number): number {
    return this.#records.words[session * STRIDE + Word.BACKEND_ADDRESS]! >>> 0
  }
  backendPort(session: number): number {
    return this.#records.words[session * STRIDE + Word.NAT_BACKEND_PORTS]! & 0xffff
  }
  natPort(session: number): number {
    return this.#records.words[session * STRIDE + Word.NAT_BACKEND_PORTS]! >>> 16
  }
  protocol(session: number): number {
    return this.#records.words[session * STRIDE + Word.PROTOCOL_STATE]! & 0xff
  }
  state(session: number): SessionState {
    return ((this.#records.words[session * STRIDE + Word.PROTOCOL_STATE]! >>> 8) & 0xff) as SessionState
  }
  /** True while each segment of the client is to carry its endpoint to the backend. */
  carriesClient(session: number): boolean {
    return (this.#records.words[session * STRIDE + Word.PROTOCOL_STATE]! & CARRIES_CLIENT) !== 0
  }
  setCarriesClient(session: number, carries: boolean): void {
    const { words } = this.#records
    const at = session * STRIDE + Word.PROTOCOL_STATE
    words[at] = carries ? words[at]! | CARRIES_CLIENT : words[at]! & ~CARRIES_CLIENT
  }
  /** True if its end is in the records of flows. */
  isEndRecorded(session: number): boolean {
    return (this.#records.words[session * STRIDE + Word.PROTOCOL_STATE]! & IS_END_RECORDED) !== 0
  }
  setEndRecorded(session: number): void {
    this.#records.words[session * STRIDE + Word.PROTOCOL_STATE]! |= IS_END_RECORDED
  }
  /** False for the number of a session that has been removed. */
  isInUse(session: number): boolean {
    const word = this.#records.words[session * STRIDE + Word.PROTOCOL_STATE]
    return word !== undefined && word !== 0
  }
  /** Time at which it was added, a whole number of ms after the table was created. */
  createdAt(session: number): number {
    return this.#epoch + (this.#records.words[session * STRIDE + Word.CREATED]! >>> 0)
  }
  /** Time of its last packet, likewise. */
  lastSeenAt(session: number): number {
    return this.#epoch + (this.#records.words[session * STRIDE + Word.LAST_SEEN]! >>> 0)
  }
  backend(session: number): number {
    return this.#records.words[session * STRIDE + Word.BACKEND]!
  }
  /** Slot of its SYN in the SYN store, below 2^24 - 1, or -1. */
  synSlot(session: number): number {
    return (this.#records.words[session * STRIDE + Word.OPENING]! & SLOT_MASK) - 1
  }
  setSynSlot(session: number, slot: number): void {
    const { words } = this.#records
    const at = session * STRIDE + Word.OPENING
    words[at] = (words[at]! & ~SLOT_MASK) | (slot + 1)
  }
  /** Number of times that it was assigned to another backend, 0 to 255. */
  tries(session: number): number {
    return this.#records.words[session * STRIDE + Word.OPENING]! >>> 24
  }
  setTries(session: number, tries: number): void {
    const { words } = this.#records
    const at = session * STRIDE + Word.OPENING
    words[at] = (words[at]! & SLOT_MASK) | (tries << 24)
  }
  /** Packets of the client, modulo 2^32. */
  packetsFromClient(session: number): number {
    return this.#records.words[session * STRIDE + Word.PACKETS_FROM_CLIENT]! >>> 0
  }
  /** Packets of the backend, modulo 2^32. */
  packetsFromBackend(session: number): number {
    return this.#records.words[session * STRIDE + Word.PACKETS_FROM_BACKEND]! >>> 0
  }
  /** Time since the last packet, ms. */
  idleMs(session: number, now: number): number {
    return (this.#stamp(now) - this.#records.words[session * STRIDE + Word.LAST_SEEN]!) >>> 0
  }
  /** Time since it was added, ms. */
  ageMs(session: number, now: number): number {
    return (this.#stamp(now) - this.#records.words[session * STRIDE + Word.CREATED]!) >>> 0
  }

  /** The session that entered a timeout's list first, or -1: the one to go under pressure. */
  oldest(timeoutClass: number): number {
    return this.#lists.oldest(timeoutClass)
  }

  /**
   * Calls `onExpired` for sessions that have been idle for their timeout; the callee removes them.
   * One call looks at so many sessions and no more: what is left over shows as a {@link deadline}
   * that has passed.
   */
  expire(now: number, onExpired: (session: number) => void): void {
    this.#lists.expire(this.#stamp(now), onExpired)
    if (this.#size > 0) return
    this.#records.reset()
    this.#index.reset()
  }

  /** When {@link expire} is wanted next, ms; Infinity when there are no sessions. */
  deadline(now: number): number {
    return now + this.#lists.wait(this.#stamp(now))
  }

  /** Calls `visit` for each session, in no particular order. It may remove that session. */
  forEach(visit: (session: number) => void): void {
    this.#lists.forEach(visit)
  }

  /**
   * Milliseconds since the table was created, modulo 2^32: idle times below 49 days are
   * unambiguous.
   */
  #stamp(now: number): number {
    return (now - this.#epoch) | 0
  }
}
