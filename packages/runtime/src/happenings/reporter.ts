import { sendReport } from '../rpc/serve.js'
import type { HAPPENING_KINDS, HappeningOf } from './kinds.js'
import { machineTimeUs } from './machine-time.js'

/** Happening that a role reports; see `kinds.ts`. */
export type Happening = HappeningOf<typeof HAPPENING_KINDS>

/** Happening as it is sent. */
export type ReportedHappening = Happening & {
  /** Number in this process, from 1. */
  readonly id: number
  /** Time on the monotonic clock of the machine, µs. */
  readonly mono: number
  /** Number of the happening that led to it. */
  readonly cause?: number
}

/** Part of a {@link Reporter} that most code needs. @returns the local id; 0: it was dropped */
export type OnHappened = (happening: Happening, cause?: number) => number

/** Most happenings that wait for the channel; further ones are dropped and counted. */
const WAITING_MAX = 1_024

export interface ReporterOptions {
  /** Sends a batch; `onSent` is called when the channel has taken it. */
  readonly send: (batch: readonly ReportedHappening[], onSent: () => void) => void
  /** Default: {@link machineTimeUs}. */
  readonly nowUs?: () => number
  /** Calls a function at the end of this turn of the event loop. Default: setImmediate. */
  readonly atEndOfTurn?: (call: () => void) => void
}

/**
 * Reports of a process about what happens in it, with time and cause. Reports of one turn of the
 * event loop are sent as one message. While the channel has not taken the last one, further
 * reports wait; they are bounded in number, and those that are dropped are counted and reported.
 */
export class Reporter {
  readonly #send: ReporterOptions['send']
  readonly #nowUs: () => number
  readonly #atEndOfTurn: (call: () => void) => void
  #waiting: ReportedHappening[] = []
  #lastId = 0
  #dropped = 0
  #cause = 0
  #isScheduled = false
  #isSending = false

  constructor({ send, nowUs = machineTimeUs, atEndOfTurn = setImmediate }: ReporterOptions) {
    this.#send = send
    this.#nowUs = nowUs
    this.#atEndOfTurn = atEndOfTurn
  }

  /** Cause of what is reported now, as {@link during} has set it; 0: none. */
  get cause(): number {
    return this.#cause
  }

  /**
   * Reports a happening.
   *
   * @param cause local id of the happening that led to it; 0: none. Default: that of {@link during}
   * @returns its local id, to be passed on as a cause; 0: it was dropped
   */
  report: OnHappened = (happening, cause = this.#cause) => {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped++
      return 0
    }
    const id = ++this.#lastId
    this.#waiting.push({ id, mono: this.#nowUs(), ...(cause > 0 && { cause }), ...happening })
    this.#schedule()
    return id
  }

  /** Runs a function; what it reports has this cause unless it names another one. */
  during<T>(cause: number, run: () => T): T {
    const before = this.#cause
    this.#cause = cause
    try {
      return run()
    } finally {
      this.#cause = before
    }
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isSending) return
    this.#isScheduled = true
    this.#atEndOfTurn(this.#flush)
  }

  readonly #flush = (): void => {
    this.#isScheduled = false
    const batch = this.#waiting
    this.#waiting = []
    if (this.#dropped > 0) {
      const id = ++this.#lastId
      batch.push({ id, mono: this.#nowUs(), kind: 'reports.dropped', count: this.#dropped })
      this.#dropped = 0
    }
    this.#isSending = true
    this.#send(batch, this.#onSent)
  }

  readonly #onSent = (): void => {
    this.#isSending = false
    if (this.#waiting.length > 0) this.#schedule()
  }
}

/** Returns the reporter of a role: it sends the event `happenings` of the role's contract. */
export function roleReporter(): Reporter {
  return new Reporter({
    send: (data, onSent) => sendReport({ kind: 'event', event: 'happenings', data }, onSent),
  })
}
