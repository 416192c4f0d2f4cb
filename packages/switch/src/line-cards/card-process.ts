import cluster, { type Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { ManagementClient, type ManagementMessage } from '@fivetuple/runtime'
import type { ListenFailureStatus } from '../status.js'

/** A lane has come up or broken. */
export interface LaneEvent {
  readonly port: number
  readonly up: boolean
}

interface CardProcessEvents {
  /** It waits for its first request. */
  ready: []
  failed: [reason: string]
  lane: [lane: LaneEvent]
  listenFailures: [failures: readonly ListenFailureStatus[]]
  exit: [how: string]
}

/** One run of one line card: a worker of this process, which is its node:cluster primary. */
export class CardProcess extends EventEmitter<CardProcessEvents> {
  readonly #number: number
  readonly #worker: Worker
  readonly #management: ManagementClient
  #exited = false

  /** @param number from 1 */
  constructor(number: number, configFile: string) {
    super()
    this.#number = number
    // Cards accept from one shared socket: the primary would be on the way of each new connection
    // otherwise.
    cluster.schedulingPolicy = cluster.SCHED_NONE
    // By default they run the program that this process runs. Route tables are typed arrays, which
    // JSON does not know.
    const args = ['--config', configFile, '--card', String(number)]
    cluster.setupPrimary({ args, serialization: 'advanced' })
    this.#worker = cluster.fork()
    this.#management = new ManagementClient(`line card ${number}`, (request) => this.#worker.send(request))
    this.#worker.on('message', (message: ManagementMessage) => this.#onMessage(message))
    this.#worker.on('error', ({ message }: Error) => {
      // With a process it is a failed send; 'exit' follows with the reason.
      if (this.#worker.process.pid === undefined) this.#onEnd(`can't be forked: ${message}`)
    })
    this.#worker.on('exit', (code: number, signal: string) =>
      this.#onEnd(signal ? `was ended by ${signal}` : `ended with code ${code}`),
    )
  }

  get pid(): number {
    return this.#exited ? 0 : (this.#worker.process.pid ?? 0)
  }

  /** Asks the card; rejects when it can't, has ended, or does not answer in time. */
  request(method: string, params: unknown, timeoutMs: number): Promise<unknown> {
    if (this.#exited) return Promise.reject(new Error('it has ended'))
    return this.#management.request(method, params, timeoutMs)
  }

  kill(): void {
    if (!this.#exited) this.#worker.process.kill('SIGKILL')
  }

  /**
   * Ends it in order, or with SIGKILL when that takes longer than `graceMs`. Resolves when it is
   * gone.
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
    this.#management.rejectAll(`line card ${this.#number} has ended`)
    this.emit('exit', how)
  }

  #onMessage(message: ManagementMessage): void {
    switch (message.kind) {
      case 'ready':
        this.emit('ready')
        return
      case 'event':
        if (message.event === 'lane') this.emit('lane', message.data as LaneEvent)
        else if (message.event === 'listenFailures')
          this.emit('listenFailures', message.data as readonly ListenFailureStatus[])
        else this.emit('failed', String(message.data))
        return
      case 'response':
        this.#management.settle(message)
    }
  }
}
