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
 * Each card is asked for its status so often; what it had counted when it died is known that well.
 */
const WATCH_STEP_MS = 500
/**
 * A card that has left so many of these questions in a row without an answer is killed and started
 * anew.
 */
const SILENT_STEPS_MAX = 6
/** From this many on it counts as silent. */
const SILENT_STEPS = 2
/** Time that a card has to respond while a caller waits. */
const ANSWER_MAX_MS = 1_000
/** Time that a card has for its ordered end. */
const STOP_GRACE_MS = 1_000
/** Delay before a card that died is started again. */
const RESTART_BACKOFF = { firstMs: 50, maxMs: 5_000, quietMs: 10_000 }

interface Card {
  /** From 1. */
  readonly number: number
  process: CardProcess
  /** `opening`: it has been sent its first table and is sent all further ones. */
  state: 'starting' | 'opening' | 'running' | 'restarting'
  restarts: number
  /** Questions in a row without an answer. */
  unanswered: number
  /** Last status of the process; undefined: none since it was started. */
  last: CardStatus | undefined
  readonly backoff: Backoff
  startedAt: number
  timer: NodeJS.Timeout | undefined
}

/**
 * Forwarding on line cards: one process each, which this one forks, sends the route tables,
 * watches, and starts again when it dies. See docs/design/0006-line-cards.md.
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
  /** Resolves when all tables have been applied that were given so far. */
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
        unanswered: 0,
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
    this.#watch = setInterval(() => this.#askAll(), WATCH_STEP_MS)
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
    await this.#askTold('setPort', { id, adminDown })
    return { up: this.#carriers.isUp(id) }
  }

  /**
   * All cards decide by the same table; which flows were diverted from an LB that drains, only the
   * flow's own card knows.
   */
  async explain(flow: FlowKey): Promise<RouteExplanation | null> {
    await this.#untilApplied()
    const answers = await this.#askTold('explain', flow)
    if (answers.length === 0) throw new Error('no line card forwards now')
    return answers.find((answer) => (answer?.drain?.divertedTo ?? null) !== null) ?? answers[0] ?? null
  }

  /** Each card knows its own flows. */
  async predict(gone: readonly number[]): Promise<readonly FlowShift[]> {
    await this.#untilApplied()
    return (await this.#askTold('predict', gone)).flat()
  }

  async status(): Promise<DataPlaneStatus> {
    await this.#untilApplied()
    // silent: as it was last seen
    await Promise.all(this.#told().map((card) => this.#ask(card).catch(() => {})))
    const running = this.#told().flatMap(({ last }) => last ?? [])
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
      this.#told().map(({ process }) => process.request('closeEdge', {}, STOP_GRACE_MS).catch(() => {})),
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
   * Lets a card forward. From now on it is sent all changes of the table, which it takes in
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

  /**
   * A card that dies instead has nothing to apply, and its successor starts with the newest table.
   */
  async #sendFib(card: Card, update: FibUpdate): Promise<void> {
    const { process } = card
    if (!this.#isTold(card)) return
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
      timer = setTimeout(() => resolve('late'), ANSWER_MAX_MS)
    })
    const result = await Promise.race([this.#applied, late])
    clearTimeout(timer)
    if (result === 'late') throw new Error(`not all line cards forward by route table ${this.#version} yet`)
  }

  #askAll(): void {
    for (const card of this.#told()) {
      if (card.unanswered >= SILENT_STEPS_MAX) {
        this.#log.error({ card: card.number }, 'a line card does not answer and is killed')
        card.process.kill()
      } else void this.#ask(card).catch(() => {})
    }
  }

  /**
   * Responses of the cards that forward, without those that die meanwhile: their successors start
   * anew.
   */
  async #askTold<M extends MethodOf<LineCardContract>>(
    method: M,
    params: Params<LineCardContract, M>,
  ): Promise<Result<LineCardContract, M>[]> {
    const answers = await Promise.all(
      this.#told().map(async ({ process }) => {
        try {
          return { answer: await process.request(method, params, ANSWER_MAX_MS) }
        } catch (error) {
          if (process.pid === 0) return undefined
          throw error
        }
      }),
    )
    return answers.flatMap((told) => (told === undefined ? [] : [told.answer]))
  }

  async #ask(card: Card): Promise<void> {
    const { process } = card
    card.unanswered++
    const status = await process.request('status', {}, ANSWER_MAX_MS)
    if (process !== card.process) return
    card.unanswered = 0
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
    card.unanswered = 0
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
  #told(): Card[] {
    return this.#cards.filter((card) => this.#isTold(card))
  }

  #isTold({ state }: Card): boolean {
    return state === 'opening' || state === 'running'
  }

  #cardStatus({ number, process, state, restarts, unanswered, last }: Card): LineCardStatus {
    const isSilent = unanswered >= SILENT_STEPS
    return {
      card: number,
      pid: process.pid,
      state: state === 'restarting' ? state : isSilent ? 'silent' : state === 'running' ? 'running' : 'starting',
      restarts,
      fibVersion: last?.fibVersion ?? 0,
      memberLinksUp: this.#carriers.memberLinksUp(number - 1),
      flows: last?.flows ?? 0,
      packetsIn: last === undefined ? 0 : packetsIn(last),
    }
  }
}
