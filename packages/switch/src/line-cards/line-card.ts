import { type Clock, eventSender, type Logger, type RunningRole } from '@fivetuple/runtime'
import type { SwitchConfig } from '../config.js'
import type { DataPlaneEvents } from '../data-plane/data-plane.js'
import { ECMP_SELECTIONS } from '../data-plane/ecmp/registry.js'
import { Fib } from '../data-plane/fib/fib.js'
import { type FibUpdate, updatedFib, type VersionedFib } from '../data-plane/fib/fib-update.js'
import { LocalDataPlane } from '../local-data-plane.js'
import type { CardStatus } from '../status.js'
import type { CardStart, LaneEvent, LineCardContract } from './contract.js'

/**
 * A card that joins others waits so long for the lanes that they have, before clients come to it,
 * ms.
 */
const LANES_WAIT_MS = 1_000

/**
 * A line card: a process that forwards, on its own lane of each cable, by the route table that the
 * switch's control plane pushes. It decides nothing about routes, and knows nothing of BGP.
 */
export class LineCard {
  readonly #sendEvent = eventSender<LineCardContract>()
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
        if (!this.#isStopping) this.#sendEvent('listenFailures', data)
      },
    }
    const share = { card: number - 1, cards: config.lineCards ?? 1 }
    this.#dataPlane = new LocalDataPlane(config, events, log, clock, share)
  }

  async start(): Promise<RunningRole<LineCardContract>> {
    return {
      info: {},
      handlers: {
        open: (start) => this.#open(start),
        setFib: (update) => this.#update(update),
        setPort: ({ id, adminDown }) => this.#dataPlane.setPort(id, adminDown),
        explain: (flow) => this.#dataPlane.explain(flow),
        predict: (gone) => this.#dataPlane.predict(gone),
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
    this.#sendEvent('lane', lane)
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
