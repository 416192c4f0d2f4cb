import { EdgeRecorder, type HopTable, NO_HOP, type RehashedFlows } from '@fivetuple/flow-records'
import { type Clock, type OnHappened, RecordSender, type RecordSink } from '@fivetuple/runtime'

/**
 * Flows to which a change of the route is applied in one turn of the event loop: a millisecond or
 * two.
 */
const FLOWS_PER_TURN = 1_000
/** Time over which flows that break are reported together, ms. */
const BROKEN_STEP_MS = 10
/** Changes of the route whose rehashed flows may still break. */
const CHANGES_MAX = 256

export interface FlowRecordingOptions {
  readonly table: HopTable
  readonly clock: Clock
  /** Creates the sink of the records. @param onDrain to be called when it has room again */
  readonly openSink: (onDrain: () => void) => RecordSink | undefined
  /** Number of the line card; 0: there are none. */
  readonly part: number
  readonly onHappened: OnHappened
  /** Returns the name of the LB at a port. */
  readonly lbOf: (port: number) => string
}

/**
 * Records of the flows at a client edge: has the recorder follow changes of the route, sends its
 * records, and reports flows that are rehashed or broken.
 */
export class FlowRecording {
  readonly recorder: EdgeRecorder
  readonly #options: FlowRecordingOptions
  readonly #sender: RecordSender | undefined
  /** By the event that changed the route: the happening that reports the rehashed flows. */
  readonly #rehashed = new Map<number, number>()
  #brokenTimer: NodeJS.Timeout | undefined
  #isWorking = false

  constructor(options: FlowRecordingOptions) {
    this.#options = options
    const { table, clock, part, openSink } = options
    this.recorder = new EdgeRecorder(table, {
      onPending: () => this.#sender?.wake(),
      onBroken: () => {
        this.#brokenTimer ??= setTimeout(() => this.#reportBroken(), BROKEN_STEP_MS).unref()
      },
      onRehashed: (rehashed) => this.#reportRehashed(rehashed),
    })
    const sink = openSink(() => this.#sender?.wake())
    this.#sender = sink && new RecordSender({ source: this.recorder, sink, clock, part })
  }

  /** Follows a change of the route table. @param cause local id of the event that changed it */
  changeRoutes(table: HopTable, cause: number): void {
    this.recorder.changeRoutes(table, cause, this.#options.clock.now())
    if (!this.#isWorking) this.#work()
  }

  /**
   * Sends all records that wait, and those of live flows with their totals of now.
   * @param number of the request, which the last batch carries
   */
  async flush(number: number): Promise<void> {
    while (this.recorder.work(FLOWS_PER_TURN)) await new Promise(setImmediate)
    this.recorder.refresh()
    this.#sender?.flush(number)
  }

  close(): void {
    this.#sender?.close()
    clearTimeout(this.#brokenTimer)
  }

  #work(): void {
    this.#isWorking = this.recorder.work(FLOWS_PER_TURN)
    if (this.#isWorking) setImmediate(() => this.#work())
  }

  #reportRehashed({ cause, moves }: RehashedFlows): void {
    const { onHappened, lbOf } = this.#options
    const flows = moves.reduce((sum, move) => sum + move.flows, 0)
    const named = moves.map(({ from, to, flows }) => ({
      from: from === NO_HOP ? '' : lbOf(from),
      ...(to !== NO_HOP && { to: lbOf(to) }),
      flows,
    }))
    const id = onHappened({ kind: 'flows.rehashed', flows, moves: named }, cause)
    if (this.#rehashed.size >= CHANGES_MAX)
      for (const first of this.#rehashed.keys()) {
        this.#rehashed.delete(first)
        break
      }
    if (id !== 0) this.#rehashed.set(cause, id)
  }

  /** Reports per change of the route which flows it has broken. */
  #reportBroken(): void {
    this.#brokenTimer = undefined
    const { onHappened, lbOf } = this.#options
    const broken = this.recorder.takeBroken()
    for (const change of new Set(broken.map(({ cause }) => cause))) {
      const ofChange = broken.filter(({ cause }) => cause === change)
      const flows = ofChange.reduce((sum, group) => sum + group.flows, 0)
      const outcomes = ofChange.map(({ outcome, home, flows }) => ({ lb: lbOf(home), outcome, flows }))
      onHappened({ kind: 'flows.reset', flows, outcomes }, this.#rehashed.get(change) ?? change)
    }
  }
}
