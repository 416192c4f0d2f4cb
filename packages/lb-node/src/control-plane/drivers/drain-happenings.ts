import { type Clock, DeadlineTimer, type OnHappened } from '@fivetuple/runtime'

/** Interval at which the progress of drains is looked at, ms. */
const STEP_MS = 250

interface Drain {
  /** Local id of its begin. */
  readonly id: number
  sessions: number
  readonly count: () => number
}

/**
 * Reports the drains of this LB and of backends: their begin, the sessions that are left whenever
 * their number has halved, the last one, and their end.
 */
export class DrainHappenings {
  readonly #report: OnHappened
  readonly #clock: Clock
  readonly #timer: DeadlineTimer
  readonly #drains = new Map<string, Drain>()

  constructor(report: OnHappened, clock: Clock) {
    this.#report = report
    this.#clock = clock
    this.#timer = new DeadlineTimer(clock, () => this.#look())
  }

  /**
   * A drain begins or ends. Returns the local id of the happening.
   *
   * @param of name of the LB or the backend
   * @param count returns the number of sessions that are left
   */
  set(of: string, isDraining: boolean, count: () => number): number {
    if (isDraining === this.#drains.has(of)) return 0
    const sessions = count()
    const id = this.#report({ kind: isDraining ? 'drain.started' : 'drain.ended', of, sessions })
    if (isDraining) this.#drains.set(of, { id, sessions: Math.max(1, sessions), count })
    else this.#drains.delete(of)
    this.#timer.arm(this.#look())
    return id
  }

  close(): void {
    this.#timer.close()
  }

  /** Reports progress. Returns the time of the next look, ms. */
  #look(): number {
    let isActive = false
    for (const [of, drain] of this.#drains) {
      if (drain.sessions === 0) continue
      const sessions = drain.count()
      if (sessions === 0) this.#report({ kind: 'drain.finished', of, sessions }, drain.id)
      else if (sessions <= drain.sessions / 2) this.#report({ kind: 'drain.progress', of, sessions }, drain.id)
      else {
        isActive = true
        continue
      }
      drain.sessions = sessions
      if (sessions > 0) isActive = true
    }
    return isActive ? this.#clock.now() + STEP_MS : Number.POSITIVE_INFINITY
  }
}
