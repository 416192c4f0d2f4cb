import { EventEmitter } from 'node:events'
import { RoleProcess, type RoleSpec } from './role-process.js'

/** Delay before a role that died is started again: doubles with each death, starts over after a quiet while. */
const RESTART_FIRST_MS = 500
const RESTART_MAX_MS = 15_000
const QUIET_MS = 10_000
/** What a role gets for its ordered shutdown before it is killed. */
const STOP_GRACE_MS = 1_500

/** What has become of a role. */
export interface RoleState {
  readonly spec: RoleSpec
  readonly pid: number
  readonly state: 'starting' | 'running' | 'restarting' | 'stopped'
  readonly restarts: number
}

interface SupervisorEvents {
  started: [name: string, pid: number]
  ready: [name: string, info: unknown]
  report: [name: string, event: string, data: unknown]
  /** `restartInMs` is undefined when it won't be started again. */
  died: [name: string, how: string, restartInMs: number | undefined]
}

interface Supervised {
  spec: RoleSpec
  process: RoleProcess
  state: RoleState['state']
  restarts: number
  delayMs: number
  startedAt: number
  timer: NodeJS.Timeout | undefined
}

export interface SupervisorOptions {
  /** Whether a role that dies is started again. */
  readonly restart: boolean
}

/** Forks roles, starts those again that die, and stops all of them in order. */
export class Supervisor extends EventEmitter<SupervisorEvents> {
  readonly #options: SupervisorOptions
  readonly #roles = new Map<string, Supervised>()
  #stopping = false

  constructor(options: SupervisorOptions) {
    super()
    this.#options = options
  }

  /** Starts roles side by side. Each finds its peers by itself, in whatever order they come up. */
  start(specs: readonly RoleSpec[]): void {
    for (const spec of specs) {
      const role: Supervised = {
        spec,
        process: new RoleProcess(spec),
        state: 'starting',
        restarts: 0,
        delayMs: RESTART_FIRST_MS,
        startedAt: performance.now(),
        timer: undefined,
      }
      this.#roles.set(spec.name, role)
      this.#watch(role)
    }
  }

  states(): RoleState[] {
    return [...this.#roles.values()].map(({ spec, process, state, restarts }) => ({
      spec,
      pid: process.exited ? 0 : process.pid,
      state,
      restarts,
    }))
  }

  /** Asks a role; rejects when there is no such role or it can't answer. */
  request(name: string, method: string, params?: unknown, timeoutMs?: number): Promise<unknown> {
    const role = this.#roles.get(name)
    if (role === undefined) return Promise.reject(new Error(`there is no ${name} in this cluster`))
    return role.process.request(method, params, timeoutMs)
  }

  /** Ordered shutdown: LBs first, so that they withdraw their routes; then backends; switches last. */
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

  /** Ends all roles at once; for when the launcher itself is about to die. */
  killAll(): void {
    for (const role of this.#roles.values()) role.process.kill('SIGKILL')
  }

  #watch(role: Supervised): void {
    const { spec, process } = role
    this.emit('started', spec.name, process.pid)
    process.on('ready', (info) => {
      role.state = 'running'
      this.emit('ready', spec.name, info)
    })
    process.on('report', (event, data) => this.emit('report', spec.name, event, data))
    process.on('exit', (how) => this.#onExit(role, how))
  }

  #onExit(role: Supervised, how: string): void {
    if (this.#stopping) return
    if (performance.now() - role.startedAt > QUIET_MS) role.delayMs = RESTART_FIRST_MS
    const wasReady = role.state === 'running' || role.restarts > 0
    if (!this.#options.restart || !wasReady) {
      role.state = 'stopped'
      this.emit('died', role.spec.name, how, undefined)
      return
    }
    const delayMs = role.delayMs
    role.state = 'restarting'
    role.delayMs = Math.min(delayMs * 2, RESTART_MAX_MS)
    role.timer = setTimeout(() => {
      role.process = new RoleProcess(role.spec)
      role.state = 'starting'
      role.restarts++
      role.startedAt = performance.now()
      this.#watch(role)
    }, delayMs)
    this.emit('died', role.spec.name, how, delayMs)
  }
}
