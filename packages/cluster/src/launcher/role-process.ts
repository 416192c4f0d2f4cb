import { type ChildProcess, fork } from 'node:child_process'
import cluster from 'node:cluster'
import { EventEmitter } from 'node:events'
import { RpcClient, type RpcReport } from '@fivetuple/runtime'
import { LOAD_CONTRACT, type RoleKind, type RoleReport } from './role-contracts.js'

/** A role that does not answer within this time is busy, paused or stopped. */
const REQUEST_TIMEOUT_MS = 5_000

/** What the launcher forks: a program and the file that configures it. */
export interface RoleSpec {
  readonly kind: RoleKind
  readonly name: string
  /** Absolute path of the role's main module. */
  readonly program: string
  /** Absolute path of its configuration. */
  readonly configFile: string
  /** It forks processes of its own by node:cluster; missing: it does not. */
  readonly forks?: boolean
}

interface RoleProcessEvents {
  ready: []
  /** It can't start; the reason in words. */
  failed: [reason: string]
  report: [report: RoleReport]
  exit: [how: string]
}

/** One run of one role. Restarting makes a new one. */
export class RoleProcess extends EventEmitter<RoleProcessEvents> {
  readonly spec: RoleSpec
  /** Undefined: it could not even be tried to start one. */
  readonly #process: ChildProcess | undefined
  readonly #rpc: RpcClient
  #isReady = false
  #exited = false
  #paused = false
  /** Its own words on why it can't start. */
  #failure: string | undefined

  constructor(spec: RoleSpec) {
    super()
    this.spec = spec
    this.#rpc = new RpcClient({
      name: spec.name,
      send: (request) => this.#process?.send(request),
      onEvent: (event, data) => this.emit('report', { kind: spec.kind, event, data } as RoleReport),
      contract: LOAD_CONTRACT[spec.kind],
    })
    try {
      this.#process = forkRole(spec)
    } catch (error) {
      process.nextTick(() => this.#onFailure(error as Error))
      return
    }
    this.#process.on('message', (report) => this.#onReport(report as RpcReport))
    this.#process.on('error', (error) => this.#onFailure(error))
    this.#process.on('exit', (code: number, signal: string) => {
      // What it has forked goes with it, also when it is stopped and has not noticed.
      this.#signalAll('SIGKILL')
      const why = this.#failure === undefined ? '' : `: ${this.#failure}`
      this.#onEnd(signal ? `was ended by ${signal}` : `ended with code ${code}${why}`)
    })
  }

  /** 0 when no process could be started. */
  get pid(): number {
    return this.#process?.pid ?? 0
  }

  get exited(): boolean {
    return this.#exited
  }

  /** Whether {@link pause} has stopped it. */
  get paused(): boolean {
    return this.#paused
  }

  /** Asks the role something. Rejects when it is not ready yet, has exited, is paused, or does not answer in time. */
  request(method: string, params: unknown = {}, timeoutMs: number = REQUEST_TIMEOUT_MS): Promise<unknown> {
    if (this.#exited) return Promise.reject(new Error(`${this.spec.name} is not running`))
    if (this.#paused) return Promise.reject(new Error(this.#whyPaused()))
    // It does not listen before, so that the question would be lost.
    if (!this.#isReady) return Promise.reject(new Error(`${this.spec.name} is starting`))
    return this.#rpc.request(method, params, timeoutMs)
  }

  /** SIGTERM is for the role itself, which then ends what it has forked; all else is for these, too. */
  kill(signal: NodeJS.Signals): void {
    if (this.#exited) return
    if (signal === 'SIGTERM' || !this.spec.forks) this.#process?.kill(signal)
    else this.#signalAll(signal)
  }

  /** SIGSTOP: it stays there, with all its connections, and does nothing until {@link resume}. */
  pause(): void {
    this.#paused = !this.#exited
    this.kill('SIGSTOP')
    this.#rpc.rejectAll(this.#whyPaused())
  }

  /** SIGCONT: it goes on where it was, however long ago that is, and whoever stopped it. */
  resume(): void {
    this.#paused = false
    this.kill('SIGCONT')
  }

  /**
   * Asks it to stop in order, for which it is resumed if it is paused, and kills it when it takes longer than `graceMs`. Resolves
   * when it is gone.
   */
  stop(graceMs: number): Promise<void> {
    if (this.#exited) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.kill('SIGKILL'), graceMs)
      this.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      this.kill('SIGTERM')
      this.resume()
    })
  }

  /** To the whole process group of a role that forks; other roles are of the launcher's own group. */
  #signalAll(signal: NodeJS.Signals): void {
    if (!this.spec.forks || this.pid === 0) return
    try {
      process.kill(-this.pid, signal)
    } catch {
      // nobody is left in it
    }
  }

  /** When there is a process, that is a question that can't be sent since it has just died: its 'exit' follows and tells. */
  #onFailure({ message }: Error): void {
    if (this.pid === 0) this.#onEnd(`can't be forked: ${message}`)
  }

  #onEnd(how: string): void {
    this.#exited = true
    this.#paused = false
    this.#rpc.rejectAll(`${this.spec.name} has exited`)
    this.emit('exit', how)
  }

  #whyPaused(): string {
    return `${this.spec.name} is paused (SIGSTOP): resume it with 'fivetuple resume ${this.spec.name}'`
  }

  #onReport(report: RpcReport): void {
    switch (report.kind) {
      case 'ready':
        this.#isReady = true
        this.emit('ready')
        return
      case 'failed':
        this.#failure = report.reason
        this.emit('failed', report.reason)
        return
      case 'event':
        this.#rpc.receiveEvent(report.event, report.data)
        return
      case 'response':
        this.#rpc.receiveResponse(report)
    }
  }
}

/**
 * A worker of node:cluster can't be the primary of workers of its own, so a role that forks is a plain child process; it
 * leads a process group, so that signals reach all of it at once.
 */
function forkRole({ name, program, configFile, forks }: RoleSpec): ChildProcess {
  const args = ['--config', configFile]
  const env = { FIVETUPLE_ROLE: name }
  if (forks) return fork(program, args, { env: { ...process.env, ...env }, detached: true })
  cluster.setupPrimary({ exec: program, args, silent: false })
  // A worker repeats the errors of its process, and nobody's error would end the launcher.
  return cluster.fork(env).on('error', () => {}).process
}
