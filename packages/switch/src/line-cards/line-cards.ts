import { Backoff, type Logger, type MethodOf, type Params, type Result } from '@fivetuple/runtime'
import type { SwitchConfig } from '../config.js'
import type { FlowKey, FlowShift, RouteExplanation } from '../contract.js'
import type { FibChange } from '../control-plane/route-table.js'
import type { DataPlane, DataPlaneEvents } from '../data-plane/data-plane.js'
import {
  type CardCounters,
  cardTotals,
  joinListenFailures,
  NO_COUNTERS,
  packetsIn,
  sumCounters,
} from '../data-plane/data-plane-totals.js'
import type { Fib } from '../data-plane/fib/fib.js'
import { changedFib, type FibUpdate, wholeFib } from '../data-plane/fib/fib-update.js'
import { type CarrierChange, PortCarriers } from '../ports/port-carriers.js'
import type { CardStatus, DataPlaneStatus, LineCardStatus, ListenFailureStatus } from '../status.js'
import { CardProcess } from './card-process.js'
import type { CardStart, LineCardContract, MemberLinkEvent } from './contract.js'

/**
 * Interval of status requests to each card, ms. If a card dies, its counters are lost since the
 * last response.
 */
const WATCH_STEP_MS = 500
/**
 * Number of status requests in a row without a response after which a card is killed and restarted.
 */
const UNREACHABLE_STEPS_MAX = 6
/**
 * Number of status requests in a row without a response from which a card counts as unreachable.
 */
const UNREACHABLE_STEPS = 2
/** Time that a card has to respond while a caller waits. */
const RESPONSE_MAX_MS = 1_000
/** Time that a card has for its ordered end. */
const STOP_GRACE_MS = 1_000
/** Delay before a card that died is started again. */
const RESTART_BACKOFF = { firstMs: 50, maxMs: 5_000, quietMs: 10_000 }

interface Card {
  /** From 1. */
  readonly number: number
  process: CardProcess
  /** `opening`: its first table has been sent, and all further ones are. */
  state: 'starting' | 'opening' | 'running' | 'restarting'
  restarts: number
  /** Status requests in a row without a response. */
  missedResponses: number
  /** Last status of the process; undefined: none since it was started. */
  last: CardStatus | undefined
  readonly backoff: Backoff
  startedAt: number
  timer: NodeJS.Timeout | undefined
}

/**
 * Forwarding on line cards, which are one process each. This process forks them, sends them the
 * route tables, watches them, and restarts those that die. See docs/design/0006-line-cards.md.
 */
export class LineCards implements DataPlane {
  readonly #config: SwitchConfig
  readonly #configFile: string
  readonly #events: DataPlaneEvents
  readonly #log: Logger
  readonly #carriers: PortCarriers
  readonly #adminDown: Set<number>
  readonly #cards: Card[] = []
  /** Services that cards can't listen for, by the card's number. */
  readonly #listenFailures = new Map<number, readonly ListenFailureStatus[]>()
  /** Counters of cards that have died. */
  #ended: CardCounters = NO_COUNTERS
  #fib: Fib | undefined
  #version = 0
  /** Resolves when all tables sent so far have been applied. */
  #applied: Promise<unknown> = Promise.resolve()
  #watch: NodeJS.Timeout | undefined
  #stopping = false

  /** @param configFile the file that `config` was read from, which the cards read, too */
  constructor(config: SwitchConfig, configFile: string, events: DataPlaneEvents, log: Logger) {
    const { ports, lineCards = 1 } = config
    this.#config = config
    this.#configFile = configFile
    this.#events = events
    this.#log = log
    this.#carriers = new PortCarriers(
      ports.map(({ id }) => id),
      lineCards,
    )
    this.#adminDown = new Set(ports.flatMap(({ id, isAdminDown }) => (isAdminDown ? [id] : [])))
    for (let number = 1; number <= lineCards; number++)
      this.#cards.push({
        number,
        process: new CardProcess(number, configFile),
        state: 'starting',
        restarts: 0,
        missedResponses: 0,
        last: undefined,
        backoff: new Backoff(RESTART_BACKOFF),
        startedAt: performance.now(),
        timer: undefined,
      })
  }

  /** Resolves when all cards forward; rejects when one of them can't. */
  async start(fib: Fib): Promise<void> {
    this.#fib = fib
    this.#version++
    const failures = this.#cards.map(
      ({ number, process }) =>
        new Promise<never>((_, reject) => {
          const fail = (why: string): void => reject(new Error(`line card ${number} ${why}`))
          process.once('failed', fail).once('exit', (how) => fail(`${how} while it started`))
        }),
    )
    for (const failure of failures) failure.catch(() => {}) // of no interest once all have started
    const opened = this.#cards.map((card) => {
      this.#listen(card)
      return new Promise<void>((resolve, reject) => {
        card.process.once('ready', () => void this.#open(card).then(resolve, reject))
      })
    })
    await Promise.race([Promise.all(opened), ...failures])
    this.#watch = setInterval(() => this.#watchAll(), WATCH_STEP_MS)
  }

  async setRoutes({ fib, set, remove }: FibChange): Promise<void> {
    this.#fib = fib
    const update = changedFib(++this.#version, set, remove)
    const applied = Promise.all(this.#cards.map((card) => this.#sendFib(card, update)))
    this.#applied = Promise.all([this.#applied, applied])
    await applied
  }

  async setPort(id: number, adminDown: boolean): Promise<{ up: boolean }> {
    if (!this.#config.ports.some((port) => port.id === id)) throw new TypeError(`there is no port ${id}`)
    if (adminDown) this.#adminDown.add(id)
    else this.#adminDown.delete(id)
    await this.#requestAll('setPort', { id, adminDown })
    return { up: this.#carriers.isUp(id) }
  }

  /**
   * All cards decide by the same table, but only the flow's own card has its diversion from an LB
   * that drains.
   */
  async explain(flow: FlowKey): Promise<RouteExplanation | null> {
    await this.#untilApplied()
    const responses = await this.#requestAll('explain', flow)
    if (responses.length === 0) throw new Error('no line card forwards now')
    return responses.find((response) => (response?.drain?.divertedTo ?? null) !== null) ?? responses[0] ?? null
  }

  /** Each card reports its own flows. */
  async predict(gone: readonly number[]): Promise<readonly FlowShift[]> {
    await this.#untilApplied()
    return (await this.#requestAll('predict', gone)).flat()
  }

  async status(): Promise<DataPlaneStatus> {
    await this.#untilApplied()
    // an unreachable card counts as last reported
    await Promise.all(this.#opened().map((card) => this.#requestStatus(card).catch(() => {})))
    const running = this.#opened().flatMap(({ last }) => last ?? [])
    const ports = this.#config.ports.map(({ id, peer }) => ({ id, peer, isAdminDown: this.#adminDown.has(id) }))
    return {
      ...cardTotals(running, this.#ended, (port) => this.#carriers.isUp(port), ports),
      cards: this.#cards.map((card) => this.#cardStatus(card)),
    }
  }

  async closeEdge(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#watch)
    for (const { timer } of this.#cards) clearTimeout(timer)
    await Promise.all(
      this.#opened().map(({ process }) => process.request('closeEdge', {}, STOP_GRACE_MS).catch(() => {})),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#cards.map(({ process }) => process.stop(STOP_GRACE_MS)))
  }

  #listen(card: Card): void {
    card.process.on('memberLink', (memberLink) => this.#onMemberLink(card, memberLink))
    card.process.on('listenFailures', (failures) => this.#setListenFailures(card, failures))
    card.process.on('exit', (how) => this.#onExit(card, how))
  }

  /**
   * Starts forwarding on a card. All further changes of the table are sent to it, and applied in
   * order.
   */
  async #open(card: Card): Promise<void> {
    card.state = 'opening'
    const start: CardStart = {
      fib: wholeFib(this.#version, this.#fib!),
      adminDown: [...this.#adminDown],
      awaited: this.#carriers.up,
    }
    this.#carriers.cardStarted(card.number - 1)
    await card.process.request('open', start, Number.POSITIVE_INFINITY)
    card.state = 'running'
  }

  /** If the card dies meanwhile, this is no error: its successor starts with the newest table. */
  async #sendFib(card: Card, update: FibUpdate): Promise<void> {
    const { process } = card
    if (!this.#isOpened(card)) return
    try {
      await process.request('setFib', update, Number.POSITIVE_INFINITY)
    } catch (error) {
      if (process.pid === 0) return
      this.#log.error({ card: card.number, err: error }, 'a line card can not apply a route table')
      process.kill()
    }
  }

  async #untilApplied(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), RESPONSE_MAX_MS)
    })
    const result = await Promise.race([this.#applied, late])
    clearTimeout(timer)
    if (result === 'late') throw new Error(`not all line cards forward by route table ${this.#version} yet`)
  }

  #watchAll(): void {
    for (const card of this.#opened()) {
      if (card.missedResponses >= UNREACHABLE_STEPS_MAX) {
        this.#log.error({ card: card.number }, 'a line card does not respond and is killed')
        card.process.kill()
      } else void this.#requestStatus(card).catch(() => {})
    }
  }

  /** Responses of the cards that have been opened, without those that die meanwhile. */
  async #requestAll<M extends MethodOf<LineCardContract>>(
    method: M,
    params: Params<LineCardContract, M>,
  ): Promise<Result<LineCardContract, M>[]> {
    const responses = await Promise.all(
      this.#opened().map(async ({ process }) => {
        try {
          return { response: await process.request(method, params, RESPONSE_MAX_MS) }
        } catch (error) {
          if (process.pid === 0) return undefined
          throw error
        }
      }),
    )
    return responses.flatMap((result) => (result === undefined ? [] : [result.response]))
  }

  async #requestStatus(card: Card): Promise<void> {
    const { process } = card
    card.missedResponses++
    const status = await process.request('status', {}, RESPONSE_MAX_MS)
    if (process !== card.process) return
    card.missedResponses = 0
    card.last = status
  }

  #onMemberLink({ number }: Card, { port, up }: MemberLinkEvent): void {
    this.#changed(this.#carriers.setMemberLink(number - 1, port, up))
  }

  #setListenFailures({ number }: Card, failures: readonly ListenFailureStatus[]): void {
    this.#listenFailures.set(number, failures)
    this.#events.onListenFailures(joinListenFailures([...this.#listenFailures.values()]))
  }

  #changed(changes: readonly CarrierChange[]): void {
    for (const { port, up } of changes) {
      this.#log.info({ port }, up ? 'all member links are up' : 'a member link is down')
      this.#events.onCarrier(port, up)
    }
  }

  #onExit(card: Card, how: string): void {
    if (this.#stopping) return
    if (card.last !== undefined) this.#ended = sumCounters([this.#ended, card.last])
    const restartInMs = card.backoff.next(performance.now() - card.startedAt)
    this.#log.error({ card: card.number, how, restartInMs }, 'a line card has ended')
    card.state = 'restarting'
    card.last = undefined
    card.missedResponses = 0
    if ((this.#listenFailures.get(card.number)?.length ?? 0) > 0) this.#setListenFailures(card, [])
    this.#changed(this.#carriers.cardDied(card.number - 1))
    card.timer = setTimeout(() => this.#restart(card), restartInMs)
  }

  #restart(card: Card): void {
    const { number } = card
    const process = new CardProcess(number, this.#configFile)
    card.process = process
    card.state = 'starting'
    card.restarts++
    card.startedAt = performance.now()
    this.#listen(card)
    process.once('failed', (why) => this.#log.error({ card: number, why }, 'a line card can not start'))
    process.once('ready', () => {
      this.#open(card).catch((error: Error) => {
        this.#log.error({ card: number, err: error }, 'a line card can not forward')
        process.kill()
      })
    })
  }

  /** Cards that have been opened. */
  #opened(): Card[] {
    return this.#cards.filter((card) => this.#isOpened(card))
  }

  #isOpened({ state }: Card): boolean {
    return state === 'opening' || state === 'running'
  }

  #cardStatus({ number, process, state, restarts, missedResponses, last }: Card): LineCardStatus {
    const isUnreachable = missedResponses >= UNREACHABLE_STEPS
    return {
      card: number,
      pid: process.pid,
      state:
        state === 'restarting' ? state : isUnreachable ? 'unreachable' : state === 'running' ? 'running' : 'starting',
      restarts,
      fibVersion: last?.fibVersion ?? 0,
      memberLinksUp: this.#carriers.memberLinksUp(number - 1),
      flows: last?.flows ?? 0,
      packetsIn: last === undefined ? 0 : packetsIn(last),
    }
  }
}
