import cluster, { type Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { type EventOf, type MethodOf, type Params, type RecordBatch, type Result, RpcClient } from '@fivetuple/runtime'
import type { ListenFailureStatus } from '../status.js'
import type { CardHappening, LineCardContract, MemberLinkEvent } from './contract.js'

interface CardProcessEvents {
  /** It waits for its first request. */
  ready: []
  failed: [reason: string]
  happened: [happened: CardHappening]
  records: [batch: RecordBatch]
  memberLink: [memberLink: MemberLinkEvent]
  listenFailures: [failures: readonly ListenFailureStatus[]]
  exit: [how: string]
}

/** One run of one line card: a worker of this process, which is its node:cluster primary. */
export class CardProcess extends EventEmitter<CardProcessEvents> {
  readonly #number: number
  readonly #worker: Worker
  readonly #rpc: RpcClient
  #exited = false
  /** Reason, in its own words, why it can't start. */
  #failure: string | undefined

  /** @param number from 1 */
  constructor(number: number, configFile: string) {
    super()
    this.#number = number
    // Cards accept from one shared socket. Otherwise each new connection would pass through the
    // primary.
    cluster.schedulingPolicy = cluster.SCHED_NONE
    // By default they run the program that this process runs. Route tables are typed arrays, which
    // JSON does not know.
    const args = ['--config', configFile, '--card', String(number)]
    cluster.setupPrimary({ args, serialization: 'advanced' })
    this.#worker = cluster.fork()
    this.#rpc = new RpcClient({
      name: `line card ${number}`,
      send: (request) => this.#worker.send(request),
      onReady: () => this.emit('ready'),
      onFailed: (reason) => {
        this.#failure = reason
        this.emit('failed', reason)
      },
      onEvent: (event, data) => this.#onEvent({ event, data } as EventOf<LineCardContract>),
      contract: async () => (await import('./contract.js')).lineCardContract,
    })
    this.#worker.on('message', (message: unknown) => this.#rpc.receive(message))
    this.#worker.on('error', ({ message }: Error) => {
      // An error of a running process is a failed send; 'exit' follows with the reason.
      if (this.#worker.process.pid === undefined) this.#onEnd(`can't be forked: ${message}`)
    })
    this.#worker.on('exit', (code: number, signal: string) =>
      this.#onEnd(
        signal
          ? `was ended by ${signal}`
          : `ended with code ${code}${this.#failure === undefined ? '' : `: ${this.#failure}`}`,
      ),
    )
  }

  get exited(): boolean {
    return this.#exited
  }

  get pid(): number {
    return this.#exited ? 0 : (this.#worker.process.pid ?? 0)
  }

  /**
   * Sends a request to the card. Rejects if it has ended, reports an error, or does not respond in
   * time.
   */
  request<M extends MethodOf<LineCardContract>>(
    method: M,
    params: Params<LineCardContract, M>,
    timeoutMs: number,
  ): Promise<Result<LineCardContract, M>> {
    if (this.#exited) return Promise.reject(new Error('it has ended'))
    return this.#rpc.request(method, params, timeoutMs) as Promise<Result<LineCardContract, M>>
  }

  kill(): void {
    if (!this.#exited) this.#worker.process.kill('SIGKILL')
  }

  /**
   * Ends the process in order, or by SIGKILL if that takes longer than `graceMs`. Resolves when it
   * has ended.
   */
  stop(graceMs: number): Promise<void> {
    if (this.#exited) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.kill(), graceMs)
      this.once('exit', () => {
        clearTimeout(timer)
        resolve()
      })
      this.#worker.process.kill('SIGTERM')
    })
  }

  #onEnd(how: string): void {
    this.#exited = true
    this.#rpc.rejectAll(`line card ${this.#number} has ended`)
    this.emit('exit', how)
  }

  #onEvent(report: EventOf<LineCardContract>): void {
    if (report.event === 'memberLink') this.emit('memberLink', report.data)
    else if (report.event === 'happened') this.emit('happened', report.data)
    else if (report.event === 'records') this.emit('records', report.data)
    else this.emit('listenFailures', report.data)
  }
}
