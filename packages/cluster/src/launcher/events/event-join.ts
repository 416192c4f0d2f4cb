import type { ReportedHappening, Timers } from '@fivetuple/runtime'
import { causeOf, mayComeLater } from './cause-rules.js'
import type { Happening } from './event.js'
import type { EventLog } from './event-log.js'

/** Longest time for which a report waits for its cause, ms: a busy process reports later. */
const WAIT_MS = 100
/** Most reports that wait; of more, the oldest are appended without a cause. */
const WAITING_MAX = 4_096
/** Local ids of a role that are remembered. */
const LOCAL_IDS_MAX = 4_096

interface Waiting {
  readonly happening: Happening
  /** Local id; undefined: the launcher's own. */
  readonly id: number | undefined
  /** Local id of the cause. */
  readonly cause: number | undefined
  /** µs since the start of the launcher. */
  readonly mono: number
  /** Time by which it is appended without a cause, ms. */
  readonly until: number
}

/** Role as a source of events. */
interface Source {
  /** Local ids → places in the log. */
  readonly places: Map<number, number>
  readonly queue: Waiting[]
}

export interface EventJoinOptions {
  readonly log: EventLog
  readonly timers: Timers
  /** Time of the start of the launcher on the monotonic clock of the machine, µs. */
  readonly startUs: number
  /** Time of day of an event. @param mono µs since the start of the launcher */
  readonly timeOfDay: (mono: number) => string
}

/**
 * Joins the events of all processes into the log. Causes that a role names are its local ids,
 * which become places in the log. If it names none, {@link causeOf} looks for one. A report whose
 * cause may still be on its way from another process waits a moment, and further reports of its
 * role wait behind it: so a cause is always before its effects.
 */
export class EventJoin {
  readonly #options: EventJoinOptions
  readonly #sources = new Map<string, Source>()
  #waiting = 0
  #cancelTimer: (() => void) | undefined
  #isDraining = false

  constructor(options: EventJoinOptions) {
    this.#options = options
  }

  /** Appends an event of the launcher at once. @param cause its place; undefined: it is searched */
  append(node: string, happening: Happening, mono: number, cause?: number): number {
    const { log, timeOfDay } = this.#options
    const found = cause ?? causeOf({ ...happening, node, mono }, log, true)?.seq
    const at = timeOfDay(mono)
    const { seq } = log.append(happening, { at, mono, node, ...(found !== undefined && { cause: found }) })
    this.#drainAll()
    return seq
  }

  /** Takes the reports of a role. @param name added to its reports by the caller, if it must be */
  onReports(node: string, batch: readonly ReportedHappening[]): void {
    const source = this.#source(node)
    const until = this.#options.timers.now() + WAIT_MS
    for (const { id, mono, cause, ...happening } of batch) {
      const since = Math.max(0, mono - this.#options.startUs)
      source.queue.push({ happening: happening as Happening, id, cause, mono: since, until })
      this.#waiting++
    }
    this.#drainAll()
  }

  /**
   * Returns the place of a role's report in the log, by its local id; undefined: it is not there.
   */
  placeOf(node: string, id: number): number | undefined {
    return this.#sources.get(node)?.places.get(id)
  }

  /** Forgets the local ids of a role whose process has ended: its successor counts from 1. */
  onExited(node: string): void {
    const source = this.#sources.get(node)
    if (source === undefined) return
    this.#drain(node, source, Number.POSITIVE_INFINITY)
    this.#sources.delete(node)
  }

  /** Appends all that waits. */
  close(): void {
    this.#cancelTimer?.()
    for (const [node, source] of this.#sources) this.#drain(node, source, Number.POSITIVE_INFINITY)
  }

  #source(node: string): Source {
    const known = this.#sources.get(node)
    if (known !== undefined) return known
    const source: Source = { places: new Map(), queue: [] }
    this.#sources.set(node, source)
    return source
  }

  /** Appends what has its cause now, until nothing more follows from that. */
  #drainAll(): void {
    if (this.#isDraining || this.#waiting === 0) return
    this.#isDraining = true
    const { timers } = this.#options
    for (let before = -1; before !== this.#waiting; ) {
      before = this.#waiting
      for (const [node, source] of this.#sources) this.#drain(node, source, timers.now())
    }
    this.#isDraining = false
    this.#arm()
  }

  /** @param now ms; what has waited until then waits no longer */
  #drain(node: string, { queue, places }: Source, now: number): void {
    const { log, timeOfDay } = this.#options
    while (queue.length > 0) {
      const { happening, id, cause, mono, until } = queue[0]!
      const isLastTry = now >= until || this.#waiting > WAITING_MAX || !mayComeLater(happening)
      const place =
        (cause === undefined ? undefined : places.get(cause)) ??
        causeOf({ ...happening, node, mono }, log, isLastTry)?.seq
      if (place === undefined && !isLastTry) return
      queue.shift()
      this.#waiting--
      const at = timeOfDay(mono)
      const { seq } = log.append(happening, { at, mono, node, ...(place !== undefined && { cause: place }) })
      if (id !== undefined) remember(places, id, seq)
    }
  }

  /** Wakes up when the first of those that wait has waited long enough. */
  #arm(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    if (this.#waiting === 0) return
    let until = Number.POSITIVE_INFINITY
    for (const { queue } of this.#sources.values()) until = Math.min(until, queue[0]?.until ?? until)
    const { timers } = this.#options
    this.#cancelTimer = timers.after(Math.max(1, Math.ceil(until - timers.now())), () => {
      this.#cancelTimer = undefined
      this.#drainAll()
    })
  }
}

function remember(places: Map<number, number>, id: number, seq: number): void {
  places.set(id, seq)
  if (places.size <= LOCAL_IDS_MAX) return
  const [oldest] = places.keys()
  if (oldest !== undefined) places.delete(oldest)
}
