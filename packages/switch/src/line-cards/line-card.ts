import { type Clock, type Logger, type RunningRole, tellLauncher } from '@fivetuple/runtime'
import type { SwitchConfig } from '../config.js'
import type { DataPlaneEvents, FlowQuestion } from '../data-plane/data-plane.js'
import { ECMP_SELECTIONS } from '../data-plane/ecmp/registry.js'
import { Fib } from '../data-plane/fib/fib.js'
import { type FibUpdate, updatedFib, type VersionedFib } from '../data-plane/fib/fib-update.js'
import { LocalDataPlane } from '../local-data-plane.js'
import type { LaneEvent } from './card-process.js'
import type { CardStatus } from './card-status.js'

/**
 * A card that joins others waits so long for the lanes that they have, before clients come to it,
 * ms.
 */
const LANES_WAIT_MS = 1_000

/** Parameters of a card before it forwards. */
export interface CardStart {
  readonly fib: FibUpdate
  /** Ports that are administratively down. */
  readonly adminDown: readonly number[]
  /** Ports whose lanes are up on other cards. */
  readonly awaited: readonly number[]
}

/**
 * A line card: a process that forwards, on its own lane of each cable, by the route table that the
 * switch's control plane pushes. It decides nothing about routes, and knows nothing of BGP.
 */
export class LineCard {
  readonly #selection
  readonly #dataPlane: LocalDataPlane
  readonly #awaited = new Set<number>()
  #table: VersionedFib
  #isOpen = false
  #isStopping = false
  #onLanesUp: (() => void) | undefined

  /** @param number from 1 */
  constructor(config: SwitchConfig, number: number, log: Logger, clock: Clock) {
    this.#selection = ECMP_SELECTIONS[config.ecmp.selection](config.ecmp)
    this.#table = { version: 0, fib: Fib.empty(this.#selection) }
    const events: DataPlaneEvents = {
      onCarrier: (port, up) => this.#onLane({ port, up }),
      onListenFailures: (data) => {
        if (!this.#isStopping) tellLauncher({ kind: 'event', event: 'listenFailures', data })
      },
    }
    const share = { card: number - 1, cards: config.lineCards ?? 1 }
    this.#dataPlane = new LocalDataPlane(config, events, log, clock, share)
  }

  async start(): Promise<RunningRole> {
    return {
      info: {},
      handlers: {
        open: (start: CardStart) => this.#open(start),
        setFib: (update: FibUpdate) => this.#update(update),
        setPort: ({ id, adminDown }: { id: number; adminDown: boolean }) => this.#dataPlane.setPort(id, adminDown),
        explain: (question: FlowQuestion) => this.#dataPlane.explain(question),
        predict: (gone: readonly number[]) => this.#dataPlane.predict(gone),
        status: () => this.#status(),
        closeEdge: () => this.#dataPlane.closeEdge(),
      },
      stop: async () => {
        this.#isStopping = true
        await this.#dataPlane.closeEdge()
        await this.#dataPlane.close()
      },
    }
  }

  async #open({ fib, adminDown, awaited }: CardStart): Promise<void> {
    this.#table = updatedFib(this.#table, fib, this.#selection)
    for (const port of adminDown) await this.#dataPlane.setPort(port, true)
    for (const port of awaited) this.#awaited.add(port)
    await this.#dataPlane.start(this.#table.fib)
    await this.#lanesUp()
    this.#isOpen = true
    await this.#dataPlane.listen()
  }

  /** The next packet is decided by the new table; clients come to a card only when it is open. */
  async #update(update: FibUpdate): Promise<void> {
    this.#table = updatedFib(this.#table, update, this.#selection)
    this.#dataPlane.setFib(this.#table.fib)
    if (this.#isOpen) await this.#dataPlane.listen()
  }

  async #status(): Promise<CardStatus> {
    return { ...(await this.#dataPlane.status()), fibVersion: this.#table.version }
  }

  #onLane(lane: LaneEvent): void {
    // Lanes that go because the card does say nothing about the cables: the control plane sees the
    // card's end.
    if (this.#isStopping) return
    tellLauncher({ kind: 'event', event: 'lane', data: lane })
    if (!lane.up) return
    this.#awaited.delete(lane.port)
    if (this.#awaited.size === 0) this.#onLanesUp?.()
  }

  /**
   * New connections that find their lane down would be refused: a card takes none before its lanes
   * are there.
   */
  async #lanesUp(): Promise<void> {
    if (this.#awaited.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LANES_WAIT_MS)
      this.#onLanesUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
