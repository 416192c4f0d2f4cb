import { SessionEvent, type SessionRow } from '@fivetuple/flow-records'
import { IpProtocol } from '@fivetuple/packet'
import type { SessionTable } from './nat/session-table.js'
import { SessionState } from './nat/tcp-tracking.js'

/** Most rows that wait to be sent; more are lost, and counted. */
const PENDING_MAX = 65_536
/**
 * The same for packets that were refused: a flood of them leaves the rows of sessions their room.
 */
const REFUSALS_MAX = 4_096
const NO_CAUSE = ''

/**
 * Records of the sessions of an LB: begin, end and its reason, and refused flows. A session costs
 * one row if it ends before its first row is sent, else two. Nothing is recorded per packet.
 */
export class SessionRecorder {
  readonly #sessions: SessionTable
  readonly #onPending: () => void
  /** Sessions whose begin, or change of backend, waits. */
  #opened: number[] = []
  #rows: SessionRow[] = []
  #refusals = 0
  /** Rows that were lost because too many waited. */
  lost = 0

  /** @param onPending called when rows wait that did not before */
  constructor(sessions: SessionTable, onPending: () => void) {
    this.#sessions = sessions
    this.#onPending = onPending
    sessions.onOver = (session, before, fromClient) => {
      const { RESET_BY_CLIENT, RESET_BY_BACKEND, REFUSED_BY_BACKEND, CLOSED } = SessionEvent
      if (sessions.state(session) === SessionState.CLOSED) this.end(session, CLOSED)
      else if (fromClient) this.end(session, RESET_BY_CLIENT)
      else this.end(session, before === SessionState.SYN_SEEN ? REFUSED_BY_BACKEND : RESET_BY_BACKEND)
    }
  }

  get hasPending(): boolean {
    return this.#opened.length + this.#rows.length > 0
  }

  /** Records that a session has begun, or has another backend or source port. */
  begin(session: number): void {
    if (this.#hasRoom()) this.#opened.push(session)
    this.#wake()
  }

  /** Records the end of a session, unless it is recorded already. */
  end(session: number, event: SessionEvent): void {
    const sessions = this.#sessions
    if (sessions.isEndRecorded(session)) return
    sessions.setEndRecorded(session)
    if (this.#hasRoom()) this.#rows.push(this.#row(session, event, sessions.lastSeenAt(session)))
    this.#wake()
  }

  /**
   * Records a flow that has no session.
   * @param event TURNED_AWAY or UNKNOWN
   * @param cause as the drop counters name it
   */
  refuse(
    event: SessionEvent,
    protocol: number,
    client: number,
    vip: number,
    clientPort: number,
    vipPort: number,
    cause: string,
    now: number,
  ): void {
    if (this.#refusals >= REFUSALS_MAX) {
      this.lost++
      return
    }
    this.#refusals++
    if (this.#hasRoom()) this.#rows.push([event, protocol, client, clientPort, vip, vipPort, now, now, 0, 0, 0, cause])
    this.#wake()
  }

  /** Takes at most `max` rows that wait. */
  takeRows(max: number): SessionRow[] {
    const sessions = this.#sessions
    const rows = this.#rows.length <= max ? this.#rows : this.#rows.slice(0, max)
    this.#rows = rows === this.#rows ? [] : this.#rows.slice(max)
    if (this.#rows.length === 0) this.#refusals = 0
    const room = max - rows.length
    const opened = this.#opened.length <= room ? this.#opened : this.#opened.slice(0, room)
    this.#opened = opened === this.#opened ? [] : this.#opened.slice(room)
    for (const session of opened)
      if (sessions.isInUse(session) && !sessions.isEndRecorded(session))
        rows.push(this.#row(session, SessionEvent.OPEN, 0))
    return rows
  }

  #row(session: number, event: SessionEvent, endedAt: number): SessionRow {
    const sessions = this.#sessions
    return [
      event,
      sessions.protocol(session),
      sessions.clientAddress(session),
      sessions.clientPort(session),
      sessions.vipAddress(session),
      sessions.vipPort(session),
      sessions.createdAt(session),
      endedAt,
      sessions.natPort(session),
      sessions.backendAddress(session),
      sessions.backendPort(session),
      NO_CAUSE,
    ]
  }

  #hasRoom(): boolean {
    if (this.#rows.length + this.#opened.length < PENDING_MAX) return true
    this.lost++
    return false
  }

  #wake(): void {
    if (this.#rows.length + this.#opened.length === 1) this.#onPending()
  }
}

/** Returns the event with which a session that has been removed for its idle time ends. */
export function idleEnd(sessions: SessionTable, session: number): SessionEvent {
  const isClosing = sessions.state(session) === SessionState.BOTH_FIN
  return isClosing && sessions.protocol(session) === IpProtocol.TCP ? SessionEvent.CLOSED : SessionEvent.EXPIRED
}
