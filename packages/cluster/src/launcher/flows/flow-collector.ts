import { asEdgeRow, asSessionRow, FlowStore } from '@fivetuple/flow-records'
import { machineTimeUs, type RecordBatch } from '@fivetuple/runtime'
import type { RoleClients } from '../role-contracts.js'
import { Causes, type PlaceOf } from './causes.js'

/** Longest wait for the records that were requested before a listing, ms. */
const FLUSH_MAX_MS = 500

/** Role that makes records. */
export interface RecordingRole {
  readonly name: string
  /** Port of an LB; undefined: the uplink switch. */
  readonly lb: number | undefined
}

export interface FlowCollectorOptions {
  /** Ended flows that are kept. */
  readonly kept: number
  /** Roles that make records. */
  readonly roles: readonly RecordingRole[]
  /** Name of the switch whose end takes flows along that are not its own. */
  readonly downlink: string
  readonly clients: Pick<RoleClients, 'switch' | 'lb'>
  /** Returns the place in the log of an event of a role. */
  readonly placeOf: PlaceOf
}

interface Flush {
  /** Roles, or parts of them, that have not sent their last batch yet. */
  readonly awaited: Set<string>
  readonly onDone: () => void
}

/** Collector of the flow records of a cluster. */
export class FlowCollector {
  readonly store: FlowStore
  readonly causes: Causes
  readonly #options: FlowCollectorOptions
  readonly #lbs: ReadonlyMap<string, number | undefined>
  readonly #flushes = new Map<number, Flush>()
  /** Sources of the processes that run. */
  readonly #sources = new Map<string, Set<string>>()
  #flushNumber = 0
  /** Rows that were none. */
  malformed = 0

  constructor(options: FlowCollectorOptions) {
    this.#options = options
    this.store = new FlowStore({ kept: options.kept })
    this.causes = new Causes(options.placeOf)
    this.#lbs = new Map(options.roles.map(({ name, lb }) => [name, lb]))
  }

  /** Takes a batch of a role's process. */
  onBatch(name: string, pid: number, { part, offsetMs, lost, flushed, isLast, rows }: RecordBatch): void {
    const source = `${name}/${pid}/${part}`
    const sources = this.#sources.get(`${name}/${pid}`) ?? new Set<string>()
    this.#sources.set(`${name}/${pid}`, sources.add(source))
    if (isLast) {
      this.store.endSource(source, machineTimeUs() / 1_000)
      return
    }
    this.store.setLost(source, lost)
    const lb = this.#lbs.get(name)
    for (const row of rows)
      if (lb === undefined) this.#takeEdgeRow(name, source, offsetMs, row)
      else this.#takeSessionRow(lb, offsetMs, row)
    if (flushed > 0) this.#onFlushed(flushed, name)
  }

  /** Ends the flows of a process that has ended, and whose last batch has come. */
  onEnd(name: string, pid: number): void {
    for (const source of this.#sources.get(`${name}/${pid}`) ?? [])
      this.store.endSource(source, machineTimeUs() / 1_000)
    this.#sources.delete(`${name}/${pid}`)
  }

  /** Records that a role has died. */
  onDied(name: string): void {
    if (name === this.#options.downlink) this.store.loseDownlink()
  }

  /** Has all records sent that wait in roles; resolves when they are here, or soon. */
  async flush(): Promise<void> {
    const number = ++this.#flushNumber
    const { roles, clients } = this.#options
    const awaited = new Set(roles.map(({ name }) => name))
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FLUSH_MAX_MS)
      const onDone = (): void => {
        clearTimeout(timer)
        resolve()
      }
      this.#flushes.set(number, { awaited, onDone })
      for (const { name, lb } of roles) {
        const sent = (lb === undefined ? clients.switch(name) : clients.lb(name))('flushRecords', { number })
        // A role that is down has nothing to send.
        sent.catch(() => this.#onFlushed(number, name))
      }
    })
    this.#flushes.delete(number)
  }

  #onFlushed(number: number, name: string): void {
    const flush = this.#flushes.get(number)
    if (flush === undefined) return
    flush.awaited.delete(name)
    if (flush.awaited.size === 0) flush.onDone()
  }

  #takeEdgeRow(name: string, source: string, offsetMs: number, value: unknown): void {
    const row = asEdgeRow(value)
    if (row === undefined) {
      this.malformed++
      return
    }
    if (row[14] !== 0) this.causes.expect(name, source, row[14])
    this.store.takeEdgeRow(source, offsetMs, row)
  }

  #takeSessionRow(lb: number, offsetMs: number, value: unknown): void {
    const row = asSessionRow(value)
    if (row === undefined) this.malformed++
    else this.store.takeSessionRow(lb, offsetMs, row)
  }
}
