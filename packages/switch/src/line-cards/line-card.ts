import { type Clock, eventSender, type Logger, type RunningRole } from '@fivetuple/runtime'
import type { SwitchConfig } from '../config.js'
import type { DataPlaneEvents } from '../data-plane/data-plane.js'
import { ECMP_SELECTIONS } from '../data-plane/ecmp/registry.js'
import { Fib } from '../data-plane/fib/fib.js'
import { type FibUpdate, updatedFib, type VersionedFib } from '../data-plane/fib/fib-update.js'
import { LocalDataPlane } from '../local-data-plane.js'
import type { CardStatus } from '../status.js'
import { cardRecordSink } from './card-record-sink.js'
import type { CardStart, LineCardContract, MemberLinkEvent } from './contract.js'

/** Longest time that a card which joins others waits for the member links that they have, ms. */
const MEMBER_LINKS_WAIT_MS = 1_000

/**
 * A line card: a process that forwards on its own member link of each cable. The switch's control
 * plane sends it the route table; the card decides nothing about routes and runs no BGP.
 */
export class LineCard {
  readonly #sendEvent = eventSender<LineCardContract>()
  readonly #selection
  readonly #dataPlane: LocalDataPlane
  readonly #awaited = new Set<number>()
  #table: VersionedFib
  #isOpen = false
  #isStopping = false
  #onMemberLinksUp: (() => void) | undefined

  /** @param number from 1 */
  constructor(config: SwitchConfig, number: number, log: Logger, clock: Clock) {
    this.#selection = ECMP_SELECTIONS[config.ecmp.selection](config.ecmp)
    this.#table = { version: 0, fib: Fib.empty(this.#selection) }
    const events: DataPlaneEvents = {
      onCarrier: (port, up) => this.#onMemberLink({ port, up }),
      onHappened: (happening, cause = 0) => {
        this.#sendEvent('happened', { happening, cause })
        return 0
      },
      onListenFailures: (data) => {
        if (!this.#isStopping) this.#sendEvent('listenFailures', data)
      },
    }
    const share = { card: number - 1, cards: config.lineCards ?? 1 }
    this.#dataPlane = new LocalDataPlane(config, events, log, clock, share, cardRecordSink)
  }

  async start(): Promise<RunningRole<LineCardContract>> {
    return {
      info: {},
      handlers: {
        open: (start) => this.#open(start),
        setFib: ({ table, cause }) => this.#update(table, cause),
        setPort: ({ id, adminDown }) => this.#dataPlane.setPort(id, adminDown),
        explain: (flow) => this.#dataPlane.explain(flow),
        lbsOfNewFlows: (flows) => this.#dataPlane.lbsOfNewFlows(flows),
        predict: (request) => this.#dataPlane.predict(request),
        keepFlows: ({ id }) => this.#dataPlane.keepFlows(id),
        measureFlows: ({ id }) => this.#dataPlane.measureFlows(id),
        status: () => this.#status(),
        flushRecords: ({ number }) => this.#dataPlane.flushRecords(number),
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
    await this.#memberLinksUp()
    this.#isOpen = true
    await this.#dataPlane.listen()
  }

  /**
   * Replaces the table before the next packet. The card listens for clients only when it is open.
   */
  async #update(update: FibUpdate, cause: number): Promise<void> {
    this.#table = updatedFib(this.#table, update, this.#selection)
    this.#dataPlane.setFib(this.#table.fib, cause)
    if (this.#isOpen) await this.#dataPlane.listen()
  }

  async #status(): Promise<CardStatus> {
    return { ...(await this.#dataPlane.status()), fibVersion: this.#table.version }
  }

  #onMemberLink(memberLink: MemberLinkEvent): void {
    // A card that stops takes its member links along. The cables are not affected, and the control
    // plane sees the card's end.
    if (this.#isStopping) return
    this.#sendEvent('memberLink', memberLink)
    if (!memberLink.up) return
    this.#awaited.delete(memberLink.port)
    if (this.#awaited.size === 0) this.#onMemberLinksUp?.()
  }

  /**
   * Resolves when the awaited member links are up, or after a timeout. Until then the card accepts
   * no connections: they would be refused while their member link is down.
   */
  async #memberLinksUp(): Promise<void> {
    if (this.#awaited.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, MEMBER_LINKS_WAIT_MS)
      this.#onMemberLinksUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
