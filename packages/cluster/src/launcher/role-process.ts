import { type ChildProcess, fork, type StdioOptions } from 'node:child_process'
import cluster from 'node:cluster'
import { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { RECORDS_FD_VARIABLE, type RecordBatch, RecordReader, RpcClient } from '@fivetuple/runtime'
import { CpuLimit, type StopSignal } from './cpu-limit.js'
import { LOAD_CONTRACT, type RoleKind, type RoleReport } from './role-contracts.js'

/** File descriptor of the stream of flow records in a role, behind those of node. */
const RECORDS_FD = 4
/** Longest response time of a role; a slower one is busy, paused or stopped. */
const REQUEST_TIMEOUT_MS = 5_000

/** Program that the launcher forks, with the file of its configuration. */
export interface RoleSpec {
  readonly kind: RoleKind
  readonly name: string
  /** Absolute path of the role's main module. */
  readonly program: string
  /** Absolute path of its configuration. */
  readonly configFile: string
  /** True if it forks processes of its own by node:cluster. */
  readonly forks?: boolean
  /** True if it sends flow records. */
  readonly records?: boolean
}

interface RoleProcessEvents {
  ready: []
  /** The role can't start; the reason in words. */
  failed: [reason: string]
  report: [report: RoleReport]
  records: [pid: number, batch: RecordBatch]
  /** No records follow: it has ended. */
  recordsEnd: [pid: number]
  exit: [how: string]
}

/** One run of one role. A restart makes a new one. */
export class RoleProcess extends EventEmitter<RoleProcessEvents> {
  readonly spec: RoleSpec
  /** Process; undefined: it could not be created. */
  readonly #process: ChildProcess | undefined
  readonly #rpc: RpcClient
  #isReady = false
  #exited = false
  #paused = false
  #cpuLimit: CpuLimit | undefined
  /** Reason why it can't start, as it has reported. */
  #failure: string | undefined

  constructor(spec: RoleSpec) {
    super()
    this.spec = spec
    this.#rpc = new RpcClient({
      name: spec.name,
      send: (request) => this.#process?.send(request),
      onReady: () => {
        this.#isReady = true
        this.emit('ready')
      },
      onFailed: (reason) => {
        this.#failure = reason
        this.emit('failed', reason)
      },
      onEvent: (event, data) => this.emit('report', { kind: spec.kind, event, data } as RoleReport),
      contract: LOAD_CONTRACT[spec.kind],
    })
    try {
      this.#process = forkRole(spec)
    } catch (error) {
      process.nextTick(() => this.#onFailure(error as Error))
      return
    }
    const records = this.#process.stdio[RECORDS_FD]
    if (records != null) void this.#readRecords(records as Readable)
    this.#process.on('message', (message) => this.#rpc.receive(message))
    this.#process.on('error', (error) => this.#onFailure(error))
    this.#process.on('exit', (code: number, signal: string) => {
      // The processes that it has forked end with it, also if they are paused.
      this.#signalAll('SIGKILL')
      const why = this.#failure === undefined ? '' : `: ${this.#failure}`
      this.#onEnd(signal ? `was ended by ${signal}` : `ended with code ${code}${why}`)
    })
  }

  /** Reads flow records for as long as there is a process that writes them. */
  async #readRecords(stream: Readable): Promise<void> {
    let reader: RecordReader | undefined
    try {
      for await (const chunk of stream) {
        reader ??= await RecordReader.create((batch) => this.emit('records', this.pid, batch))
        reader.read(chunk as Buffer)
      }
    } catch {
      // Its end has been reset with it.
    }
    this.emit('recordsEnd', this.pid)
  }

  /** Process id; 0 if no process could be started. */
  get pid(): number {
    return this.#process?.pid ?? 0
  }

  get exited(): boolean {
    return this.#exited
  }

  /** True while {@link pause} stops it. */
  get paused(): boolean {
    return this.#paused
  }

  /**
   * Sends the role a request. Rejects if it is not ready yet, has exited, is paused, or does not
   * respond in time.
   */
  request(method: string, params: unknown = {}, timeoutMs: number = REQUEST_TIMEOUT_MS): Promise<unknown> {
    if (this.#exited) return Promise.reject(new Error(`${this.spec.name} is not running`))
    if (this.#paused) return Promise.reject(new Error(this.#whyPaused()))
    // A role that is not ready does not listen: the request would be lost.
    if (!this.#isReady) return Promise.reject(new Error(`${this.spec.name} is starting`))
    return this.#rpc.request(method, params, timeoutMs)
  }

  /**
   * Sends a signal. SIGTERM goes to the role alone, which then ends its own processes; others go to
   * all of them.
   */
  kill(signal: NodeJS.Signals): void {
    if (this.#exited) return
    if (signal === 'SIGTERM' || !this.spec.forks) this.#process?.kill(signal)
    else this.#signalAll(signal)
  }

  /** Pauses it (SIGSTOP): its connections stay, but it does nothing until {@link resume}. */
  pause(): void {
    this.#paused = !this.#exited
    this.kill('SIGSTOP')
    this.#rpc.rejectAll(this.#whyPaused())
  }

  /** Resumes it (SIGCONT) after any pause, whatever its cause and length. */
  resume(): void {
    this.#paused = false
    this.kill('SIGCONT')
  }

  /** Share of the time in which it may run; null: it is not limited. */
  get cpuShare(): number | null {
    return this.#cpuLimit?.share ?? null
  }

  /** Limits its CPU time to a share of the time, or ends that (null). A pause takes precedence. */
  limitCpu(share: number | null): void {
    this.#cpuLimit?.end()
    const signal = (signal: StopSignal): void => {
      if (!this.#paused) this.kill(signal)
    }
    this.#cpuLimit = share === null || this.#exited ? undefined : new CpuLimit(share, signal)
  }

  /**
   * Requests an ordered stop, and kills it if that takes longer than `graceMs`. A paused role is
   * resumed first. Resolves when it is gone.
   */
  stop(graceMs: number): Promise<void> {
    if (this.#exited) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.kill('SIGKILL'), graceMs)
      this.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      this.limitCpu(null)
      this.kill('SIGTERM')
      this.resume()
    })
  }

  /**
   * Signals the process group of a role that forks; other roles are in the launcher's own group.
   */
  #signalAll(signal: NodeJS.Signals): void {
    if (!this.spec.forks || this.pid === 0) return
    try {
      process.kill(-this.pid, signal)
    } catch {
      // the group is empty
    }
  }

  /**
   * Handles an error of the process. If there is a process, the error is that of a request to a
   * process that has just died: its 'exit' follows.
   */
  #onFailure({ message }: Error): void {
    if (this.pid === 0) this.#onEnd(`can't be forked: ${message}`)
  }

  #onEnd(how: string): void {
    this.#exited = true
    this.#paused = false
    this.limitCpu(null)
    this.#rpc.rejectAll(`${this.spec.name} has exited`)
    this.emit('exit', how)
  }

  #whyPaused(): string {
    return `${this.spec.name} is paused (SIGSTOP): resume it with 'fivetuple resume ${this.spec.name}'`
  }
}

/**
 * Forks a role. A worker of node:cluster can't be the primary of workers of its own. So a role that
 * forks is a plain child process that leads a process group, and signals reach all of it at once.
 */
function forkRole({ name, program, configFile, forks, records }: RoleSpec): ChildProcess {
  const args = ['--config', configFile]
  const env = { FIVETUPLE_ROLE: name, ...(records === true && { [RECORDS_FD_VARIABLE]: String(RECORDS_FD) }) }
  const stdio: StdioOptions = ['inherit', 'inherit', 'inherit', 'ipc', records === true ? 'pipe' : 'ignore']
  if (forks) return fork(program, args, { env: { ...process.env, ...env }, stdio, detached: true })
  cluster.setupPrimary({ exec: program, args, silent: false, stdio })
  // A worker repeats the errors of its process; an unhandled one would end the launcher.
  return cluster.fork(env).on('error', () => {}).process
}
