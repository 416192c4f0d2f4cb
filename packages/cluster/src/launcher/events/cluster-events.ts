import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { machineTimeUs, type ReportedHappening, realTimers, type Timers } from '@fivetuple/runtime'
import type { EventsControl, RequestedOperation } from '../../operations/control.js'
import type { Outcome, Steps } from '../../operations/outcome.js'
import type { ClusterPlan } from '../../plan/plan.js'
import { type ClusterEvent, type Happening, LAUNCHER, type StreamedEvent } from './event.js'
import { EventJoin } from './event-join.js'
import { EventLog } from './event-log.js'
import { type EventSelection, readEvents } from './read-events.js'

/** Longest parameter of an operation in the log; of a longer one, the beginning is kept. */
const PARAMETER_MAX_LENGTH = 512

/** Longest time for readers to read the last events when the cluster stops, and a step, ms. */
const CLOSE_MAX_MS = 200
const CLOSE_STEP_MS = 5

export interface ClusterEventsOptions {
  readonly vips: readonly Pick<ClusterPlan['vips'][number], 'name' | 'address'>[]
  /** Number of events that are kept; undefined: that of the log. */
  readonly kept?: number | undefined
  /** Receives each event. */
  readonly onEvent: (event: ClusterEvent) => void
  /** Default: real time. */
  readonly timers?: Timers
  /** Time on the monotonic clock of the machine, µs. */
  readonly nowUs?: () => number
  /** Time of day, ms since 1970. */
  readonly nowMs?: () => number
}

/** All events of a cluster: those of the launcher, of operators and of the roles, in one log. */
export class ClusterEvents implements EventsControl {
  readonly log: EventLog
  readonly #join: EventJoin
  readonly #startUs: number
  readonly #nowUs: () => number
  readonly #vipNames = new Map<string, string[]>()
  /** Number of readers. */
  #readers = 0
  /** Place of the operation in whose course code runs. */
  readonly #operation = new AsyncLocalStorage<number>()

  constructor({
    vips,
    kept,
    onEvent,
    timers = realTimers,
    nowUs = machineTimeUs,
    nowMs = Date.now,
  }: ClusterEventsOptions) {
    for (const { name, address } of vips) this.#vipNames.set(address, [...(this.#vipNames.get(address) ?? []), name])
    this.log = new EventLog(kept)
    this.#nowUs = nowUs
    this.#startUs = nowUs()
    this.#join = new EventJoin({
      log: this.log,
      timers,
      startUs: this.#startUs,
      timeOfDay: (mono) => new Date(nowMs() - (this.#now() - mono) / 1_000).toISOString(),
    })
    let seen = 0
    this.log.subscribe(() => {
      while (seen < this.log.last) onEvent(this.log.at(++seen)!)
    })
  }

  /** Place of the operation in whose course this is called; undefined: there is none. */
  get operation(): number | undefined {
    return this.#operation.getStore()
  }

  /**
   * Appends an event of the launcher. Returns its place.
   *
   * @param node role that it is about
   * @param cause its place; undefined: it is looked for, see {@link causeOf}
   */
  happened(happening: Happening, node: string = LAUNCHER, cause?: number): number {
    return this.#join.append(node, happening, this.#now(), cause)
  }

  /** Appends what a role reports. */
  onReports(node: string, batch: readonly ReportedHappening[]): void {
    this.#join.onReports(
      node,
      batch.map((happening) => this.#withVips(happening)),
    )
  }

  /**
   * Returns the place of a role's report in the log, by its local id; undefined: it is not there.
   */
  placeOf(node: string, id: number): number | undefined {
    return this.#join.placeOf(node, id)
  }

  /** Appends the end of a role's process. */
  onExited(node: string, how: string, restartInMs: number | undefined): void {
    this.happened({ kind: 'role.exited', how, restartInMs: restartInMs ?? null }, node)
    this.#join.onExited(node)
  }

  /**
   * Appends an operation, and runs it; if it fails, that is an event, too. Faults that it injects
   * or clears have it as their cause.
   */
  operate<R, G>({ name, author, parameters }: RequestedOperation, run: () => Outcome<R, G>): Outcome<R, G> {
    const seq = this.happened({ kind: 'operation', operation: name, author, parameters: asTexts(parameters) })
    const onError = (error: Error): never => {
      this.happened({ kind: 'operation.failed', operation: name, reason: error.message }, LAUNCHER, seq)
      throw error
    }
    const outcome = this.#operation.run(seq, run)
    return 'next' in outcome ? this.#stepsOf(seq, outcome, onError) : outcome.catch(onError)
  }

  /** Runs each step of an operation as a part of it. */
  async *#stepsOf<R, G>(seq: number, steps: Steps<R, G>, onError: (error: Error) => never): Steps<R, G> {
    try {
      for (;;) {
        const step = await this.#operation.run(seq, () => steps.next()).catch(onError)
        if (step.done === true) return step.value
        yield step.value
      }
    } finally {
      await this.#operation.run(seq, () => steps.return(undefined as never))
    }
  }

  /** Reads the log; see {@link readEvents}. */
  read(
    selection: EventSelection,
    follow: boolean,
    signal: AbortSignal,
  ): AsyncGenerator<StreamedEvent, void, undefined> {
    return this.#counted(readEvents(this.log, selection, follow, signal))
  }

  async *#counted<T>(events: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    this.#readers++
    try {
      yield* events
    } finally {
      this.#readers--
    }
  }

  /** Place behind which the events of the last `ms` begin. */
  placeBefore(ms: number): number {
    const since = this.#now() - ms * 1_000
    let seq = this.log.last
    for (const event of this.log) {
      if (event.mono < since) return seq
      seq = event.seq - 1
    }
    return seq
  }

  /**
   * Ends the streams of all readers behind the last event. Resolves when they have read it, or
   * after a moment.
   */
  async close(): Promise<void> {
    this.#join.close()
    this.log.close()
    for (let waited = 0; this.#readers > 0 && waited < CLOSE_MAX_MS; waited += CLOSE_STEP_MS) await sleep(CLOSE_STEP_MS)
    await sleep(CLOSE_STEP_MS) // their last bytes leave this process
  }

  #now(): number {
    return this.#nowUs() - this.#startUs
  }

  #withVips(happening: ReportedHappening): ReportedHappening {
    if ('prefixes' in happening) {
      const vips = happening.prefixes.flatMap((prefix) => this.#namesOf(prefix.replace('/32', '')))
      return vips.length === 0 ? happening : { ...happening, vips }
    }
    return 'address' in happening ? { ...happening, vips: this.#namesOf(happening.address) } : happening
  }

  #namesOf(address: string): string[] {
    return this.#vipNames.get(address) ?? []
  }
}

function asTexts(parameters: RequestedOperation['parameters']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => {
      const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
      return [name, text.slice(0, PARAMETER_MAX_LENGTH)]
    }),
  )
}
