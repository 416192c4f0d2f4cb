import assert from 'node:assert/strict'
import { Backoff, type BackoffOptions } from '../backoff.js'
import { realTimers, type Timers } from '../clock.js'

/** One run of a child process. */
export interface Child {
  /** True when it has ended, and if it could not be started. */
  readonly exited: boolean
  kill(signal: 'SIGKILL'): void
  /** Stops it in order, or with SIGKILL after `graceMs`. Resolves when it has ended. */
  stop(graceMs: number): Promise<void>
}

/** Receives the reports of one run. They come after the child was spawned, never during that. */
export interface ChildReports {
  readonly onReady: () => void
  /** @param how in words, as in 'ended with code 1' */
  readonly onExit: (how: string) => void
}

/** Rules for starts and stops of a child. */
export interface SupervisorPolicy {
  /** Delay between the end of a child and its next start. */
  readonly backoff: BackoffOptions
  /** Time that a child has for an ordered stop before it is killed, ms. */
  readonly stopGraceMs: number
  /** Time in which a child is ready, ms; Infinity: any. */
  readonly readyMaxMs: number
}

export interface ChildSupervisorOptions<C extends Child> {
  /** Name of the child in errors. */
  readonly name: string
  readonly policy: SupervisorPolicy
  /** Starts a process. */
  readonly spawn: (reports: ChildReports) => C
  /** Called before each start but the first. */
  readonly beforeRestart?: () => void
  /** A process has been started, or could not be. */
  readonly onSpawn?: (child: C) => void
  readonly onReady?: (child: C) => void
  /**
   * Called when a process has ended.
   *
   * @param restartInMs delay of the next start; undefined: there is none
   */
  readonly onExit?: (how: string, restartInMs: number | undefined) => void
  /** Missing: real time. */
  readonly timers?: Timers
}

/**
 * `restarting`: it has ended and is started again after a delay. `kept-stopped`: it was ended and
 * stays so until it is started. `stopped`: it stays ended for good.
 */
export type ChildState = 'starting' | 'running' | 'restarting' | 'kept-stopped' | 'stopped'

/** Thrown when the state of a child does not allow what is requested. */
export class ChildStateError extends Error {}

/**
 * Keeps one child process running: starts it again when it ends, after a delay that doubles.
 *
 * A child that ends before it was ever ready is not started again, since its configuration is
 * invalid or its addresses are taken.
 */
export class ChildSupervisor<C extends Child> {
  readonly #options: ChildSupervisorOptions<C>
  readonly #timers: Timers
  readonly #backoff: Backoff
  readonly #readyWaits = new Set<{ readonly onReady: () => void; readonly onExit: (how: string) => void }>()
  #child: C | undefined
  #state: ChildState = 'starting'
  /** Action when the process ends. */
  #onExitDo: 'restart later' | 'restart now' | 'keep stopped' = 'restart later'
  #restarts = 0
  #restartInMs: number | null = null
  #startedAt = 0
  #cancelRestart: (() => void) | undefined
  #isStopping = false

  constructor(options: ChildSupervisorOptions<C>) {
    this.#options = options
    this.#timers = options.timers ?? realTimers
    this.#backoff = new Backoff(options.policy.backoff)
  }

  /** The newest run. */
  get child(): C {
    assert(this.#child, `${this.#options.name} has not been started`)
    return this.#child
  }

  /** Starts the child for the first time. */
  start(): void {
    this.#startedAt = this.#timers.now()
    const child = this.#options.spawn({ onReady: () => this.#onReady(), onExit: (how) => this.#onExit(how) })
    this.#child = child
    this.#options.onSpawn?.(child)
  }

  get state(): ChildState {
    return this.#state
  }

  /** Number of starts after the first. */
  get restarts(): number {
    return this.#restarts
  }

  /** Delay between the end of the child and its next start, ms; null unless it is 'restarting'. */
  get restartInMs(): number | null {
    return this.#state === 'restarting' ? this.#restartInMs : null
  }

  /**
   * Ends the child with SIGKILL; resolves when it has ended.
   *
   * @param keepStopped keep it stopped until {@link launch} or {@link restart}; else it is started
   * again after its delay
   * @throws ChildStateError if it has ended already
   */
  async kill(keepStopped: boolean): Promise<void> {
    if (this.#state === 'kept-stopped') throw new ChildStateError(`${this.#options.name} is kept stopped already`)
    if (this.child.exited) {
      if (!keepStopped) throw new ChildStateError(`${this.#options.name} is not running`)
      this.#keepStopped()
      return
    }
    this.#onExitDo = keepStopped ? 'keep stopped' : 'restart later'
    const exited = new Promise<void>((resolve) => this.#awaitRun({ onReady: () => {}, onExit: () => resolve() }))
    this.child.kill('SIGKILL')
    await exited
  }

  /**
   * Starts a child that has ended, at once. Resolves when it is ready, rejects if it does not
   * become ready.
   *
   * @throws ChildStateError if it runs, and after {@link stop}
   */
  async launch(): Promise<void> {
    if (!this.child.exited) throw new ChildStateError(`${this.#options.name} is running already`)
    if (this.#isStopping) throw new ChildStateError(`${this.#options.name} is stopped for good`)
    this.#startAgain()
    await this.untilReady()
  }

  /**
   * Stops the child in order and starts it at once, or starts it if it has ended. Resolves when it
   * is ready.
   */
  async restart(): Promise<void> {
    if (this.child.exited) return this.launch()
    this.#onExitDo = 'restart now'
    await this.child.stop(this.#options.policy.stopGraceMs)
    await this.untilReady()
  }

  /** Stops the child in order, for good. */
  async stop(): Promise<void> {
    this.end()
    await this.child.stop(this.#options.policy.stopGraceMs)
  }

  /** Starts the child no more. A process that runs is left alone. */
  end(): void {
    this.#isStopping = true
    this.#cancelRestart?.()
    this.#state = 'stopped'
  }

  /** Waits until the process that starts now is ready. Rejects if it ends or takes too long. */
  untilReady(): Promise<void> {
    const { name, policy } = this.#options
    if (this.#state === 'running') return Promise.resolve()
    return new Promise((resolve, reject) => {
      const fail = (how: string): void => settle(() => reject(new Error(`${name} ${how} while it started`)))
      if (this.child.exited || this.#isStopping) return reject(new Error(`${name} has ended while it started`))
      const unsubscribe = this.#awaitRun({ onReady: () => settle(resolve), onExit: fail })
      const cancel = Number.isFinite(policy.readyMaxMs)
        ? this.#timers.after(policy.readyMaxMs, () =>
            settle(() => reject(new Error(`${name} is not ready after ${policy.readyMaxMs / 1_000} s`))),
          )
        : undefined
      const settle = (done: () => void): void => {
        cancel?.()
        unsubscribe()
        done()
      }
    })
  }

  #awaitRun(wait: { readonly onReady: () => void; readonly onExit: (how: string) => void }): () => void {
    this.#readyWaits.add(wait)
    return () => this.#readyWaits.delete(wait)
  }

  #startAgain(): void {
    this.#cancelRestart?.()
    this.#options.beforeRestart?.()
    this.#state = 'starting'
    this.#onExitDo = 'restart later'
    this.#restarts++
    this.start()
  }

  #onReady(): void {
    if (this.#isStopping) return
    this.#state = 'running'
    this.#options.onReady?.(this.child)
    for (const { onReady } of [...this.#readyWaits]) onReady()
  }

  #onExit(how: string): void {
    const waits = [...this.#readyWaits]
    this.#readyWaits.clear()
    if (!this.#isStopping) this.#afterExit(how)
    for (const { onExit } of waits) onExit(how)
  }

  #afterExit(how: string): void {
    const { onExit } = this.#options
    if (this.#onExitDo === 'keep stopped') {
      this.#keepStopped()
      onExit?.(how, undefined)
    } else if (this.#onExitDo === 'restart now') {
      onExit?.(how, 0)
      this.#startAgain()
    } else if (this.#state === 'starting' && this.#restarts === 0) {
      this.#state = 'stopped'
      onExit?.(how, undefined)
    } else {
      const delayMs = this.#backoff.next(this.#timers.now() - this.#startedAt)
      this.#state = 'restarting'
      this.#restartInMs = delayMs
      this.#cancelRestart = this.#timers.after(delayMs, () => this.#startAgain())
      onExit?.(how, delayMs)
    }
  }

  #keepStopped(): void {
    this.#cancelRestart?.()
    this.#state = 'kept-stopped'
  }
}
