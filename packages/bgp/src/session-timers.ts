/**
 * Timers of a session (RFC 4271 §8, RFC 9687), in the order in which they are handled if several
 * are due.
 */
export const SESSION_TIMERS = ['hold', 'send-hold', 'idle-hold', 'connect-retry', 'keepalive'] as const
export type SessionTimer = (typeof SESSION_TIMERS)[number]

const NEVER = Number.POSITIVE_INFINITY

/** Times at which the timers are due, ms. */
export class SessionTimers {
  readonly #at: Record<SessionTimer, number> = {
    hold: NEVER,
    'send-hold': NEVER,
    'idle-hold': NEVER,
    'connect-retry': NEVER,
    keepalive: NEVER,
  }

  /** Earliest of them; Infinity if none is set. */
  get earliest(): number {
    return Math.min(...Object.values(this.#at))
  }

  set(timer: SessionTimer, at: number): void {
    this.#at[timer] = at
  }

  isSet(timer: SessionTimer): boolean {
    return this.#at[timer] !== NEVER
  }

  clear(...timers: readonly SessionTimer[]): void {
    for (const timer of timers) this.#at[timer] = NEVER
  }

  clearAll(): void {
    this.clear(...SESSION_TIMERS)
  }

  /** Returns the first timer that is due, and clears it. */
  takeDue(now: number): SessionTimer | undefined {
    const due = SESSION_TIMERS.find((timer) => this.#at[timer] <= now)
    if (due !== undefined) this.#at[due] = NEVER
    return due
  }
}
