import { decideOutcome } from './decide-outcome.js'
import { EdgeEnd, EdgeFlow, NO_HOP } from './edge-flow.js'
import { type EdgeRow, edgeRow } from './edge-row.js'
import { edgeFacts } from './flow-facts.js'

/** A route table, as far as it decides the next hop of flows. */
export interface HopTable {
  /** Returns the port of the next hop of an established flow; {@link NO_HOP}: there is none. */
  portOf(flow: EdgeFlow): number
  /** Returns true if a port is one of the next hops of a VIP. */
  isNextHop(vip: number, port: number): boolean
}

/** Established flows that a change of the route has moved to other next hops. */
export interface RehashedFlows {
  /** Event that changed the route; 0: unknown. */
  readonly cause: number
  /** By ports; a port {@link NO_HOP}: there is no route. */
  readonly moves: readonly { readonly from: number; readonly to: number; readonly flows: number }[]
}

/** Established flows that have ended because their packets went to another LB or to none. */
export interface BrokenFlows {
  /** Event that changed the route; 0: unknown. */
  readonly cause: number
  readonly outcome: 'broken-by-rehash' | 'lost-with-its-lb'
  /** Their LB. */
  readonly home: number
  flows: number
}

export interface EdgeRecorderOptions {
  /** Most rows that wait to be sent; more are lost, and counted. Default: 65,536. */
  readonly maxPending?: number
  /** Called when rows wait that did not before. */
  readonly onPending?: () => void
  /** Called when a flow is broken and none was since {@link EdgeRecorder.takeBroken}. */
  readonly onBroken?: () => void
  /** Called when a change of the route has been applied to all flows, unless it has moved none. */
  readonly onRehashed?: (rehashed: RehashedFlows) => void
}

const MAX_PENDING = 65_536
/** Ports are numbered below this. */
const PORTS_MAX = 65_536

interface Pass {
  readonly number: number
  readonly table: HopTable
  readonly cause: number
  readonly at: number
  readonly moved: Map<number, { from: number; to: number; flows: number }>
}

/**
 * Records of the flows that clients open, as one edge sees them: begin, end, and each change of the
 * next hop. Next hops are looked up when a flow begins and when the route table changes, never per
 * packet. Pure: the owner applies changes with {@link work} and sends the rows of {@link takeRows}.
 */
export class EdgeRecorder {
  readonly #options: EdgeRecorderOptions
  readonly #live = new Set<EdgeFlow>()
  #pending: EdgeFlow[] = []
  readonly #passes: Pass[] = []
  #cursor: Iterator<EdgeFlow> | undefined
  #lastPass = 0
  #nextId = 1
  #table: HopTable
  #broken = new Map<string, BrokenFlows>()
  /** Rows that were lost because too many waited. */
  lost = 0

  constructor(table: HopTable, options: EdgeRecorderOptions = {}) {
    this.#table = table
    this.#options = options
  }

  /** Flows that have not ended. */
  get liveCount(): number {
    return this.#live.size
  }

  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  /** True while changes of the route have to be applied by {@link work}. */
  get hasWork(): boolean {
    return this.#passes.length > 0
  }

  /** Number of flows that have begun. */
  get opened(): number {
    return this.#nextId - 1
  }

  /** Records that a client has opened a flow. */
  open(protocol: number, client: number, vip: number, clientPort: number, vipPort: number, now: number): EdgeFlow {
    const id = this.#nextId++
    const flow = new EdgeFlow(id, protocol, client, vip, clientPort, vipPort, NO_HOP, this.#lastPass, now)
    flow.firstPort = flow.home = flow.port = this.#table.portOf(flow)
    this.#live.add(flow)
    this.#enqueue(flow)
    return flow
  }

  /** Records that a flow is established: the LB that has it now is its home. */
  establish(flow: EdgeFlow): void {
    this.#settle(flow)
    // The first SYN may have taken another way than a later one, if an LB drains.
    flow.home = flow.port = this.#table.portOf(flow)
    flow.isEstablished = true
    this.#enqueue(flow)
  }

  /** Records the end of a flow. */
  end(flow: EdgeFlow, end: EdgeEnd, now: number): void {
    if (flow.end !== EdgeEnd.OPEN) return
    this.#settle(flow)
    this.#finish(flow, end, now)
    this.#enqueue(flow)
    if (end !== EdgeEnd.CLOSED && end !== EdgeEnd.STOPPED) this.#countBroken(flow)
  }

  /**
   * Replaces the route table: {@link work} applies the change to all flows, and flows that begin or
   * end meanwhile are right at once.
   * @param cause event that changed it; 0: unknown
   */
  changeRoutes(table: HopTable, cause: number, now: number): void {
    this.#table = table
    if (this.#live.size === 0) return
    this.#passes.push({ number: ++this.#lastPass, table, cause, at: now, moved: new Map() })
  }

  /**
   * Applies changes of the route to at most `flowsMax` flows. Returns true if there is more to do.
   */
  work(flowsMax: number): boolean {
    for (let budget = flowsMax; budget > 0; ) {
      const pass = this.#passes[0]
      if (pass === undefined) return false
      this.#cursor ??= this.#live.values()
      const next = this.#cursor.next()
      if (next.done) {
        this.#cursor = undefined
        this.#passes.shift()
        if (pass.moved.size > 0) this.#options.onRehashed?.({ cause: pass.cause, moves: [...pass.moved.values()] })
        continue
      }
      this.#apply(next.value, pass)
      budget--
    }
    return this.hasWork
  }

  /** Has the rows of all live flows sent again, with their totals of now. */
  refresh(): void {
    for (const flow of this.#live) this.#enqueue(flow)
  }

  /** Takes at most `max` rows that wait. */
  takeRows(max: number): EdgeRow[] {
    const taken = this.#pending.length <= max ? this.#pending : this.#pending.slice(0, max)
    this.#pending = taken === this.#pending ? [] : this.#pending.slice(max)
    return taken.map((flow) => {
      flow.isPending = false
      // A connection in TIME-WAIT has ended for its client.
      if (flow.end === EdgeEnd.OPEN && flow.totals?.isOver) this.#finish(flow, EdgeEnd.CLOSED, flow.totals.lastAt)
      const row = edgeRow(flow)
      if (flow.end !== EdgeEnd.OPEN) flow.totals = undefined
      return row
    })
  }

  /** Takes the flows that were broken since the last call. */
  takeBroken(): BrokenFlows[] {
    if (this.#broken.size === 0) return []
    const broken = [...this.#broken.values()]
    this.#broken = new Map()
    return broken
  }

  #finish(flow: EdgeFlow, end: EdgeEnd, now: number): void {
    flow.end = end
    flow.endedAt = now
    this.#live.delete(flow)
  }

  #enqueue(flow: EdgeFlow): void {
    if (flow.isPending) return
    if (this.#pending.length >= (this.#options.maxPending ?? MAX_PENDING)) {
      this.lost++
      return
    }
    flow.isPending = true
    if (this.#pending.push(flow) === 1) this.#options.onPending?.()
  }

  /** Applies the changes that wait to one flow. */
  #settle(flow: EdgeFlow): void {
    for (const pass of this.#passes) this.#apply(flow, pass)
  }

  #apply(flow: EdgeFlow, { number, table, cause, at, moved }: Pass): void {
    if (flow.appliedPass >= number) return
    flow.appliedPass = number
    if (flow.totals?.isOver) return
    const port = table.portOf(flow)
    const from = flow.port
    if (port === from) return
    flow.moveTo(port, table.isNextHop(flow.vip, flow.home), cause, at)
    this.#enqueue(flow)
    if (!flow.isEstablished) return
    const key = from * PORTS_MAX + port
    const group = moved.get(key)
    if (group === undefined) moved.set(key, { from, to: port, flows: 1 })
    else group.flows++
  }

  #countBroken(flow: EdgeFlow): void {
    const outcome = decideOutcome(edgeFacts(edgeRow(flow)))
    if (outcome !== 'broken-by-rehash' && outcome !== 'lost-with-its-lb') return
    const { home, fateCause: cause } = flow
    const key = `${cause} ${outcome} ${home}`
    const group = this.#broken.get(key)
    if (group !== undefined) group.flows++
    else {
      this.#broken.set(key, { cause, outcome, home, flows: 1 })
      if (this.#broken.size === 1) this.#options.onBroken?.()
    }
  }
}
