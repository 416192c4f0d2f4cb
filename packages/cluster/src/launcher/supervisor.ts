import { EventEmitter, once } from 'node:events'
import { Backoff } from '@fivetuple/runtime'
import type { RoleReport } from './role-contracts.js'
import { RoleProcess, type RoleSpec } from './role-process.js'

/** Delay before a role that died is started again. */
const RESTART_BACKOFF = { firstMs: 500, maxMs: 15_000, quietMs: 10_000 }
/** Longest ordered shutdown of a role before it is killed. */
const STOP_GRACE_MS = 1_500
/** Longest start of a role, which usually takes a third of a second. */
const READY_MAX_MS = 10_000

/** State of a role. */
export interface RoleState {
  readonly spec: RoleSpec
  /** Process id; 0 while there is no process. */
  readonly pid: number
  /**
   * `paused`: stopped by SIGSTOP. `restarting`: it died and is started again after a delay.
   * `kept-stopped`: it was killed and stays down until it is started. `stopped`: it stays down
   * for good.
   */
  readonly state: 'starting' | 'running' | 'paused' | 'restarting' | 'kept-stopped' | 'stopped'
  readonly restarts: number
  /** Time between its death and its next start, ms; null if its state is not 'restarting'. */
  readonly restartInMs: number | null
}

interface SupervisorEvents {
  started: [name: string, pid: number]
  ready: [name: string]
  /** The role can't start; the reason in words. */
  failed: [name: string, reason: string]
  report: [name: string, report: RoleReport]
  /** `restartInMs` is undefined if the role is not started again. */
  died: [name: string, how: string, restartInMs: number | undefined]
}

interface Supervised {
  spec: RoleSpec
  process: RoleProcess
  state: Exclude<RoleState['state'], 'paused'>
  restarts: number
  /** Action when its process ends: a start after a delay, a start at once, or nothing. */
  onExit: 'restart later' | 'restart now' | 'keep stopped'
  readonly backoff: Backoff
  restartInMs: number | null
  startedAt: number
  timer: NodeJS.Timeout | undefined
}

export interface SupervisorOptions {
  /** True if a role that dies is started again. */
  readonly restart: boolean
  /** Called before each start of a role but its first. */
  readonly beforeRestart?: () => void
}

/** Thrown if an action does not fit the state of a role; the message names the one that does. */
export class RoleStateError extends Error {}

/**
 * Forks roles, restarts those that die, and stops all of them in order. Methods that take a name
 * throw or reject with a {@link RoleStateError} if they do not fit the state of that role.
 */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #options: SupervisorOptions
  readonly #roles = new Map<string, Supervised>()
  #stopping = false

  constructor(options: SupervisorOptions) {
    super()
    this.#options = options
  }

  /** Starts roles at once. Each finds its peers in any order of their starts. */
  start(specs: readonly RoleSpec[]): void {
    for (const spec of specs) {
      const role: Supervised = {
        spec,
        process: new RoleProcess(spec),
        state: 'starting',
        restarts: 0,
        onExit: 'restart later',
        backoff: new Backoff(RESTART_BACKOFF),
        restartInMs: null,
        startedAt: performance.now(),
        timer: undefined,
      }
      this.#roles.set(spec.name, role)
      this.#watch(role)
    }
  }

  states(): RoleState[] {
    return [...this.#roles.keys()].map((name) => this.state(name))
  }

  state(name: string): RoleState {
    const { spec, process, state, restarts, restartInMs } = this.#role(name)
    return {
      spec,
      pid: process.exited ? 0 : process.pid,
      state: process.paused ? 'paused' : state,
      restarts,
      restartInMs: state === 'restarting' ? restartInMs : null,
    }
  }

  /** Sends a role a request; rejects if there is no such role or it can't respond. */
  request(name: string, method: string, params?: unknown, timeoutMs?: number): Promise<unknown> {
    const role = this.#roles.get(name)
    if (role === undefined) return Promise.reject(new Error(`there is no ${name} in this cluster`))
    return role.process.request(method, params, timeoutMs)
  }

  /**
   * Ends a role with SIGKILL; resolves when it is gone.
   * @param keepStopped true: it stays down until {@link launch} or {@link restart}; false: it is
   * started again as after any death
   */
  async kill(name: string, keepStopped: boolean): Promise<RoleState> {
    const role = this.#role(name)
    const { process } = role
    if (role.state === 'kept-stopped')
      throw new RoleStateError(`${name} is kept stopped already: 'fivetuple start ${name}'`)
    if (process.exited) {
      if (!keepStopped) throw new RoleStateError(`${name} is not running`)
      this.#keepStopped(role)
    } else {
      role.onExit = keepStopped ? 'keep stopped' : 'restart later'
      const exited = once(process, 'exit')
      process.kill('SIGKILL')
      await exited
    }
    return this.state(name)
  }

  /** Pauses a role (SIGSTOP): it is unresponsive, but its connections stay. */
  pause(name: string): RoleState {
    this.#living(name).pause()
    return this.state(name)
  }

  /** Resumes a role that was stopped by SIGSTOP, whatever sent the signal. */
  resume(name: string): RoleState {
    this.#living(name).resume()
    return this.state(name)
  }

  /**
   * Starts a role that is down, at once; resolves when it is ready, rejects if it does not come up.
   */
  async launch(name: string): Promise<void> {
    const role = this.#role(name)
    if (!role.process.exited) throw new RoleStateError(`${name} is running already`)
    if (this.#stopping) throw new RoleStateError('the cluster is stopping')
    this.#fork(role)
    await this.#untilReady(role)
  }

  /**
   * Stops a role in order and starts it again at once, or starts it if it is down; resolves when it
   * is ready.
   */
  async restart(name: string): Promise<void> {
    const role = this.#role(name)
    if (role.process.exited) return this.launch(name)
    role.onExit = 'restart now'
    await role.process.stop(STOP_GRACE_MS)
    await this.#untilReady(role)
  }

  /**
   * Ordered shutdown: LBs first, so that they withdraw their routes; then backends; switches last.
   */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const role of this.#roles.values()) {
      clearTimeout(role.timer)
      role.state = 'stopped'
    }
    for (const kinds of [['lb'], ['backend', 'switch']])
      await Promise.all(
        [...this.#roles.values()]
          .filter((role) => kinds.includes(role.spec.kind))
          .map((role) => role.process.stop(STOP_GRACE_MS)),
      )
  }

  /** Kills all roles at once, when the launcher itself is about to end. */
  killAll(): void {
    for (const role of this.#roles.values()) role.process.kill('SIGKILL')
  }

  #role(name: string): Supervised {
    const role = this.#roles.get(name)
    if (role === undefined) throw new RoleStateError(`there is no ${name} in this cluster`)
    return role
  }

  #living(name: string): RoleProcess {
    const { process } = this.#role(name)
    if (process.exited) throw new RoleStateError(`${name} is not running`)
    return process
  }

  #fork(role: Supervised): void {
    clearTimeout(role.timer)
    this.#options.beforeRestart?.()
    role.process = new RoleProcess(role.spec)
    role.state = 'starting'
    role.onExit = 'restart later'
    role.restarts++
    role.startedAt = performance.now()
    this.#watch(role)
  }

  #watch(role: Supervised): void {
    const { spec, process } = role
    if (process.pid !== 0) this.emit('started', spec.name, process.pid)
    process.on('ready', () => {
      role.state = 'running'
      this.emit('ready', spec.name)
    })
    process.on('failed', (reason) => this.emit('failed', spec.name, reason))
    process.on('report', (report) => this.emit('report', spec.name, report))
    process.on('exit', (how) => this.#onExit(role, how))
  }

  #untilReady({ spec, process }: Supervised): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (how: string): void => done(() => reject(new Error(`${spec.name} ${how} while it started`)))
      const succeed = (): void => done(resolve)
      const timer = setTimeout(
        () => done(() => reject(new Error(`${spec.name} is not ready after ${READY_MAX_MS / 1000} s`))),
        READY_MAX_MS,
      )
      const done = (settle: () => void): void => {
        clearTimeout(timer)
        process.off('exit', fail).off('ready', succeed)
        settle()
      }
      process.on('exit', fail).on('ready', succeed)
      if (process.exited) fail('has ended')
    })
  }

  #keepStopped(role: Supervised): void {
    clearTimeout(role.timer)
    role.state = 'kept-stopped'
  }

  #onExit(role: Supervised, how: string): void {
    if (this.#stopping) return
    const { name } = role.spec
    if (role.onExit === 'keep stopped') {
      this.#keepStopped(role)
      this.emit('died', name, how, undefined)
      return
    }
    if (role.onExit === 'restart now') {
      this.emit('died', name, how, 0)
      this.#fork(role)
      return
    }
    const wasReady = role.state === 'running' || role.restarts > 0
    if (!this.#options.restart || !wasReady) {
      role.state = 'stopped'
      this.emit('died', name, how, undefined)
      return
    }
    const delayMs = role.backoff.next(performance.now() - role.startedAt)
    role.state = 'restarting'
    role.restartInMs = delayMs
    role.timer = setTimeout(() => this.#fork(role), delayMs)
    this.emit('died', name, how, delayMs)
  }
}
