import { EventEmitter } from 'node:events'
import {
  type ChildState,
  ChildStateError,
  ChildSupervisor,
  type RecordBatch,
  type SupervisorPolicy,
} from '@fivetuple/runtime'
import type { RoleReport } from './role-contracts.js'
import { RoleProcess, type RoleSpec } from './role-process.js'

const POLICY: SupervisorPolicy = {
  backoff: { firstMs: 500, maxMs: 15_000, quietMs: 10_000 },
  stopGraceMs: 1_500,
  /** A role is ready after a third of a second. */
  readyMaxMs: 10_000,
}

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
  readonly state: ChildState | 'paused'
  /** Share of the time in which it may run; null: it is not limited. */
  readonly cpuShare: number | null
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
  records: [name: string, pid: number, batch: RecordBatch]
  /** No records follow from this process. */
  recordsEnd: [name: string, pid: number]
  /** `restartInMs` is undefined if the role is not started again. */
  died: [name: string, how: string, restartInMs: number | undefined]
}

export interface SupervisorOptions {
  /** Called before each start of a role but its first. */
  readonly beforeRestart?: () => void
}

/**
 * Forks roles, restarts those that die, and stops all of them in order. Methods that take a name
 * throw or reject with a {@link ChildStateError} if they do not fit the state of that role.
 */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #options: SupervisorOptions
  readonly #roles = new Map<string, ChildSupervisor<RoleProcess>>()
  readonly #observers = new Set<() => void>()
  #isStopping = false

  constructor(options: SupervisorOptions = {}) {
    super()
    this.#options = options
  }

  /** Starts roles side by side. Each finds its peers by itself, in any order. */
  start(specs: readonly RoleSpec[]): void {
    for (const spec of specs) {
      const role = this.#supervise(spec)
      this.#roles.set(spec.name, role)
      role.start()
    }
  }

  states(): RoleState[] {
    return [...this.#roles.keys()].map((name) => this.state(name))
  }

  state(name: string): RoleState {
    const { child, state, restarts, restartInMs } = this.#role(name)
    return {
      spec: child.spec,
      pid: child.exited ? 0 : child.pid,
      state: child.paused ? 'paused' : state,
      cpuShare: child.cpuShare,
      restarts,
      restartInMs,
    }
  }

  /** Calls `observe` after each change of a state, until the returned function is called. */
  subscribe(observe: () => void): () => void {
    this.#observers.add(observe)
    return () => this.#observers.delete(observe)
  }

  /** Sends a request to a role; rejects if there is no such role or it can't respond. */
  request(name: string, method: string, params?: unknown, timeoutMs?: number): Promise<unknown> {
    const role = this.#roles.get(name)
    if (role === undefined) return Promise.reject(new Error(`there is no ${name} in this cluster`))
    return role.child.request(method, params, timeoutMs)
  }

  /**
   * Ends a role with SIGKILL; resolves when it is gone.
   *
   * @param keepStopped keep it stopped until {@link launch} or {@link restart}; else it is started
   * again as after any death
   */
  async kill(name: string, keepStopped: boolean): Promise<RoleState> {
    const role = this.#role(name)
    if (role.state === 'kept-stopped')
      throw new ChildStateError(`${name} is kept stopped already: 'fivetuple start ${name}'`)
    await role.kill(keepStopped)
    this.#changed()
    return this.state(name)
  }

  /** Pauses a role (SIGSTOP): it is unresponsive, but its connections stay. */
  pause(name: string): RoleState {
    this.#living(name).pause()
    this.#changed()
    return this.state(name)
  }

  /** Resumes a role that was stopped by SIGSTOP, no matter who sent it. */
  resume(name: string): RoleState {
    this.#living(name).resume()
    this.#changed()
    return this.state(name)
  }

  /** Limits the CPU time of a role to a share of the time, or ends that (null). */
  limitCpu(name: string, share: number | null): RoleState {
    this.#living(name).limitCpu(share)
    this.#changed()
    return this.state(name)
  }

  /** Starts a role that is down, at once; resolves when it is ready, rejects if that fails. */
  async launch(name: string): Promise<void> {
    const role = this.#role(name)
    if (this.#isStopping && role.child.exited) throw new ChildStateError('the cluster is stopping')
    await role.launch()
  }

  /**
   * Stops a role in order and starts it again at once, or starts it if it is down; resolves when
   * it is ready.
   */
  async restart(name: string): Promise<void> {
    await this.#role(name).restart()
  }

  /** Ordered shutdown: LBs first, so that they withdraw their routes; then all others. */
  async stop(): Promise<void> {
    this.#isStopping = true
    const roles = [...this.#roles.values()]
    for (const role of roles) role.end()
    for (const kinds of [['lb'], ['backend', 'switch']])
      await Promise.all(roles.filter(({ child }) => kinds.includes(child.spec.kind)).map((role) => role.stop()))
  }

  /** Ends all roles at once; for a launcher that is about to end itself. */
  killAll(): void {
    for (const { child } of this.#roles.values()) child.kill('SIGKILL')
  }

  #supervise(spec: RoleSpec): ChildSupervisor<RoleProcess> {
    const { name } = spec
    return new ChildSupervisor<RoleProcess>({
      name,
      policy: POLICY,
      ...this.#options,
      spawn: ({ onReady, onExit }) =>
        new RoleProcess(spec)
          .on('ready', onReady)
          .on('exit', onExit)
          .on('failed', (reason) => this.emit('failed', name, reason))
          .on('report', (report) => this.emit('report', name, report))
          .on('records', (pid, batch) => this.emit('records', name, pid, batch))
          .on('recordsEnd', (pid) => this.emit('recordsEnd', name, pid)),
      onSpawn: ({ pid }) => {
        if (pid !== 0) this.emit('started', name, pid)
        this.#changed()
      },
      onReady: () => {
        this.emit('ready', name)
        this.#changed()
      },
      onExit: (how, restartInMs) => {
        this.emit('died', name, how, restartInMs)
        this.#changed()
      },
    })
  }

  #role(name: string): ChildSupervisor<RoleProcess> {
    const role = this.#roles.get(name)
    if (role === undefined) throw new ChildStateError(`there is no ${name} in this cluster`)
    return role
  }

  #living(name: string): RoleProcess {
    const { child } = this.#role(name)
    if (child.exited) throw new ChildStateError(`${name} is not running`)
    return child
  }

  #changed(): void {
    for (const observe of [...this.#observers]) observe()
  }
}
