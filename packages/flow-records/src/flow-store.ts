import { FiveTupleMap } from '@fivetuple/packet'
import { decideOutcome } from './decide-outcome.js'
import { EdgeEnd } from './edge-flow.js'
import type { EdgeRow } from './edge-row.js'
import { flowFacts } from './flow-facts.js'
import { noOutcomes, type Outcome, type OutcomeCounts } from './outcomes.js'
import { SessionEvent, type SessionRow } from './session-row.js'

/** A session of a flow at one LB, or the LB's refusal of it. */
export interface FlowSession {
  /** Port of the LB. */
  readonly lb: number
  readonly event: SessionEvent
  readonly row: SessionRow
  /** ms on the clock of the collector */
  readonly openedAt: number
}

/** A flow as its edge and its LBs have reported it. */
export interface StoredFlow {
  /** Number in the order of arrival, from 1. */
  readonly number: number
  /** Process that has reported it: an edge, or a line card of it. */
  readonly source: string
  /** Time that the clock of the source has to be put forward by, ms. */
  readonly offsetMs: number
  row: EdgeRow
  sessions: FlowSession[]
  outcome: Outcome
  hasLostDownlink: boolean
  /** Counts of its VIP. */
  readonly ofVip: OutcomeCounts
  /** The flow before with the same five-tuple. */
  older: StoredFlow | undefined
}

/** Selection of flows. A missing field selects all. */
export interface FlowSelection {
  readonly outcomes?: readonly Outcome[]
  /** Address and port of a VIP. */
  readonly vip?: { readonly address: number; readonly port: number; readonly protocol: number }
  /** Port of an LB that has had the flow at any time. */
  readonly lb?: number
  readonly client?: { readonly address: number; readonly port?: number }
  /** Flows that were alive at or after this time, ms. */
  readonly since?: number
  /** Lists flows with a lower number; all are counted. */
  readonly before?: number
}

export interface SelectedFlows {
  readonly flows: StoredFlow[]
  /** Flows of the selection that are kept, and the same per outcome. */
  readonly matching: number
  readonly outcomes: OutcomeCounts
  /** True if there are more of them behind the listed ones. */
  readonly hasMore: boolean
}

export interface FlowStoreOptions {
  /** Ended flows that are kept; of more, the oldest are dropped. */
  readonly kept: number
  /** Most flows that have not ended. Default: 200,000. */
  readonly maxLive?: number
  /** Most reports of LBs that wait for the report of the edge. Default: 20,000. */
  readonly maxWaiting?: number
}

const MAX_LIVE = 200_000
const MAX_WAITING = 20_000
/** A session may begin this much before its flow: clocks are read at different moments, ms. */
const CLOCK_SLACK_MS = 1
/** Packets of a flow may reach an LB for this long after its end, ms. */
const LATE_MS = 2_000

/**
 * Collector of flow records: joins the reports of edges and LBs by five-tuple and time of opening,
 * and decides the outcome of each flow anew with each report. Counts are over all flows; the flows
 * themselves are kept up to a limit. Pure.
 */
export class FlowStore {
  /** Flows per outcome. */
  readonly outcomes: OutcomeCounts = noOutcomes()
  readonly #options: FlowStoreOptions
  /** By source and id. */
  readonly #live = new Map<string, Map<number, StoredFlow>>()
  #liveCount = 0
  readonly #ended: (StoredFlow | undefined)[] = []
  #next = 0
  readonly #latest = new FiveTupleMap<StoredFlow>()
  readonly #waiting = new FiveTupleMap<FlowSession[]>()
  #waitingQueue: FlowSession[] = []
  readonly #perVip = new FiveTupleMap<OutcomeCounts>()
  readonly #perLb = new Map<number, OutcomeCounts>()
  readonly #lostRows = new Map<string, number>()
  #number = 0
  /** Flows without an end that were dropped because too many had none. */
  overLimit = 0

  constructor(options: FlowStoreOptions) {
    this.#options = options
  }

  /** Flows that are kept: those without an end, and the last ones that have ended. */
  get size(): number {
    return this.#liveCount + this.#ended.length
  }

  get liveCount(): number {
    return this.#liveCount
  }

  /** Records that were lost on their way, because a queue was full. */
  get lost(): number {
    let sum = this.overLimit
    for (const lost of this.#lostRows.values()) sum += lost
    return sum
  }

  /** Flows per outcome of a VIP. */
  ofVip(address: number, port: number, protocol: number): OutcomeCounts {
    return this.#perVip.get(address, 0, port, 0, protocol) ?? noOutcomes()
  }

  /** Flows per outcome whose home is an LB. @param lb its port */
  ofLb(lb: number): OutcomeCounts {
    return this.#perLb.get(lb) ?? noOutcomes()
  }

  /** Sets how many records a process has lost since its start. */
  setLost(source: string, lost: number): void {
    this.#lostRows.set(source, lost)
  }

  /** Takes a row of an edge. @param offsetMs that its clock has to be put forward by */
  takeEdgeRow(source: string, offsetMs: number, row: EdgeRow): void {
    const known = this.#live.get(source)?.get(row[0])
    if (known === undefined) this.#add(source, offsetMs, row)
    else {
      const homeBefore = homeOf(known)
      known.row = row
      this.#decide(known, homeBefore)
    }
  }

  /** Takes a row of an LB. @param lb its port */
  takeSessionRow(lb: number, offsetMs: number, row: SessionRow): void {
    const session: FlowSession = { lb, event: row[0], row, openedAt: row[6] + offsetMs }
    const [, protocol, client, clientPort, vip, vipPort] = row
    let flow = this.#latest.get(client, vip, clientPort, vipPort, protocol)
    if (flow !== undefined && session.openedAt < openedAt(flow) - CLOCK_SLACK_MS) flow = flow.older
    if (flow !== undefined && isOfFlow(session, flow)) this.#join(flow, session)
    else this.#wait(session)
  }

  /**
   * Ends the flows of an edge whose process has ended.
   * @param at ms on the clock of the collector
   */
  endSource(source: string, at: number): void {
    const flows = this.#live.get(source)
    if (flows === undefined) return
    for (const flow of [...flows.values()]) {
      const homeBefore = homeOf(flow)
      const ended = [...flow.row] as unknown as { -readonly [I in keyof EdgeRow]: EdgeRow[I] }
      ended[8] = at - flow.offsetMs
      ended[12] = EdgeEnd.VANISHED
      flow.row = ended as EdgeRow
      this.#decide(flow, homeBefore)
    }
    this.#live.delete(source)
  }

  /** Records that a process of the downlink switch has ended. */
  loseDownlink(): void {
    for (const flows of this.#live.values()) for (const flow of flows.values()) flow.hasLostDownlink = true
  }

  /**
   * Returns the flows of a selection, the newest first, at most `limit`; and how many there are.
   */
  select(selection: FlowSelection, limit: number): SelectedFlows {
    const { before = Number.POSITIVE_INFINITY } = selection
    const outcomes = noOutcomes()
    let matching = 0
    const found: StoredFlow[] = []
    const visit = (flow: StoredFlow | undefined): void => {
      if (flow === undefined || !isSelected(flow, selection)) return
      matching++
      outcomes[flow.outcome]++
      if (flow.number < before) found.push(flow)
    }
    for (const flows of this.#live.values()) for (const flow of flows.values()) visit(flow)
    this.#ended.forEach(visit)
    found.sort((a, b) => b.number - a.number)
    return { flows: found.slice(0, limit), matching, outcomes, hasMore: found.length > limit }
  }

  #add(source: string, offsetMs: number, row: EdgeRow): void {
    const [id, protocol, client, clientPort, vip, vipPort] = row
    const flow: StoredFlow = {
      number: ++this.#number,
      source,
      offsetMs,
      row,
      sessions: [],
      outcome: 'open',
      hasLostDownlink: false,
      ofVip: this.#countsOfVip(vip, vipPort, protocol),
      older: undefined,
    }
    const older = this.#latest.set(client, vip, clientPort, vipPort, protocol, flow)
    if (older !== undefined) {
      older.older = undefined
      flow.older = older
    }
    const waiting = this.#waiting.get(client, vip, clientPort, vipPort, protocol)
    if (waiting !== undefined) {
      this.#waiting.delete(client, vip, clientPort, vipPort, protocol)
      for (const session of waiting) if (isOfFlow(session, flow)) addSession(flow, session)
    }
    flow.outcome = outcomeOf(flow)
    this.#count(flow, homeOf(flow), 1)
    if (endOf(flow) !== EdgeEnd.OPEN) {
      this.#keep(flow)
      return
    }
    const ofSource = this.#live.get(source) ?? new Map<number, StoredFlow>()
    this.#live.set(source, ofSource)
    ofSource.set(id, flow)
    if (++this.#liveCount > (this.#options.maxLive ?? MAX_LIVE)) this.#dropOldest(ofSource)
  }

  #join(flow: StoredFlow, session: FlowSession): void {
    addSession(flow, session)
    this.#decide(flow, homeOf(flow))
  }

  /** Decides the outcome anew. @param homeBefore LB under which it has been counted */
  #decide(flow: StoredFlow, homeBefore: number): void {
    const outcome = outcomeOf(flow)
    const home = homeOf(flow)
    if (outcome !== flow.outcome || home !== homeBefore) {
      this.#count(flow, homeBefore, -1)
      flow.outcome = outcome
      this.#count(flow, home, 1)
    }
    if (endOf(flow) !== EdgeEnd.OPEN && this.#live.get(flow.source)?.delete(flow.row[0])) {
      this.#liveCount--
      this.#keep(flow)
    }
  }

  #count({ outcome, ofVip }: StoredFlow, home: number, change: number): void {
    this.outcomes[outcome] += change
    ofVip[outcome] += change
    const ofLb = this.#perLb.get(home) ?? noOutcomes()
    this.#perLb.set(home, ofLb)
    ofLb[outcome] += change
  }

  #countsOfVip(address: number, port: number, protocol: number): OutcomeCounts {
    let counts = this.#perVip.get(address, 0, port, 0, protocol)
    if (counts === undefined) {
      counts = noOutcomes()
      this.#perVip.set(address, 0, port, 0, protocol, counts)
    }
    return counts
  }

  #keep(flow: StoredFlow): void {
    const { kept } = this.#options
    if (kept === 0) {
      this.#forget(flow)
      return
    }
    const dropped = this.#ended[this.#next]
    if (dropped !== undefined) this.#forget(dropped)
    this.#ended[this.#next] = flow
    this.#next = (this.#next + 1) % kept
  }

  /** Flows are in the order of their begin. */
  #dropOldest(flows: Map<number, StoredFlow>): void {
    const [first] = flows.values()
    if (first === undefined) return
    flows.delete(first.row[0])
    this.#liveCount--
    this.#count(first, homeOf(first), -1)
    this.overLimit++
    this.#forget(first)
  }

  #forget(flow: StoredFlow): void {
    const [, protocol, client, clientPort, vip, vipPort] = flow.row
    flow.older = undefined
    const latest = this.#latest.get(client, vip, clientPort, vipPort, protocol)
    if (latest === flow) this.#latest.delete(client, vip, clientPort, vipPort, protocol)
    else if (latest?.older === flow) latest.older = undefined
  }

  #wait(session: FlowSession): void {
    const [, protocol, client, clientPort, vip, vipPort] = session.row
    const waiting = this.#waiting.get(client, vip, clientPort, vipPort, protocol)
    if (waiting === undefined) this.#waiting.set(client, vip, clientPort, vipPort, protocol, [session])
    else waiting.push(session)
    this.#waitingQueue.push(session)
    if (this.#waitingQueue.length < (this.#options.maxWaiting ?? MAX_WAITING)) return
    const half = this.#waitingQueue.length >>> 1
    for (const { row } of this.#waitingQueue.slice(0, half)) {
      const [, protocol, client, clientPort, vip, vipPort] = row
      this.#waiting.delete(client, vip, clientPort, vipPort, protocol)
    }
    this.#waitingQueue = this.#waitingQueue.slice(half)
  }
}

function outcomeOf(flow: StoredFlow): Outcome {
  if (endOf(flow) === EdgeEnd.OPEN) return 'open'
  return decideOutcome(flowFacts(flow.row, flow.sessions, flow.hasLostDownlink))
}

function endOf({ row }: StoredFlow): EdgeEnd {
  return row[12]
}

/** Returns the port of the LB that a flow is counted under. */
function homeOf({ row }: StoredFlow): number {
  return row[16]
}

/** Names the fields of a row, for listings. The collector itself reads single fields. */
export function facts(row: EdgeRow) {
  const [id, protocol, client, clientPort, vip, vipPort, openedAt, lastAt, endedAt, bytesFromClient, bytesToClient] =
    row
  return {
    id,
    protocol,
    client,
    clientPort,
    vip,
    vipPort,
    openedAt,
    lastAt,
    endedAt,
    bytesFromClient,
    bytesToClient,
    end: row[12],
    fate: row[13],
    fateCause: row[14],
    firstPort: row[15],
    home: row[16],
    isEstablished: row[17] === 1,
    changeCount: row[18],
    changes: row[19],
  }
}

function openedAt({ row, offsetMs }: StoredFlow): number {
  return row[6] + offsetMs
}

function isOfFlow(session: FlowSession, flow: StoredFlow): boolean {
  const endedAt = flow.row[8] === 0 ? Number.POSITIVE_INFINITY : flow.row[8] + flow.offsetMs
  return session.openedAt >= openedAt(flow) - CLOCK_SLACK_MS && session.openedAt <= endedAt + LATE_MS
}

/** Most sessions of one flow that are kept. */
const SESSIONS_MAX = 16

function addSession(flow: StoredFlow, session: FlowSession): void {
  const same = flow.sessions.findIndex(
    ({ lb, openedAt, event }) =>
      lb === session.lb &&
      openedAt === session.openedAt &&
      event !== SessionEvent.UNKNOWN &&
      event !== SessionEvent.TURNED_AWAY,
  )
  if (same >= 0) flow.sessions[same] = session
  else if (flow.sessions.length < SESSIONS_MAX) flow.sessions.push(session)
}

function isSelected(flow: StoredFlow, selection: FlowSelection): boolean {
  const { outcomes, vip, lb, client, since } = selection
  if (outcomes !== undefined && !outcomes.includes(flow.outcome)) return false
  const { row } = flow
  if (vip !== undefined && (row[4] !== vip.address || row[5] !== vip.port || row[1] !== vip.protocol)) return false
  if (client !== undefined && (row[2] !== client.address || (client.port ?? row[3]) !== row[3])) return false
  if (since !== undefined && row[8] !== 0 && row[8] + flow.offsetMs < since) return false
  return lb === undefined || row[15] === lb || row[16] === lb || row[19].some((port, i) => i % 3 === 1 && port === lb)
}
