import {
  ChildSupervisor,
  type Logger,
  type MethodOf,
  type Params,
  RecordStream,
  type Result,
  type SupervisorPolicy,
} from '@fivetuple/runtime'
import type { SwitchConfig } from '../config.js'
import type {
  FlowKey,
  FlowShift,
  FlowsKept,
  NewFlowLbs,
  NewFlows,
  PredictRequest,
  RouteExplanation,
} from '../contract.js'
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
import { CardRecords } from './card-records.js'
import type { CardStart, LineCardContract, MemberLinkEvent } from './contract.js'

/**
 * Time between two status requests to a card, ms. If a card dies, what it has counted since the
 * last response is lost.
 */
const STATUS_STEP_MS = 500
/** Number of status requests in a row without a response after which a card is killed. */
const KILL_AFTER = 6
/** Number of status requests in a row without a response from which a card is unreachable. */
const UNREACHABLE_AFTER = 2
/** Time that a card has to respond while a caller waits, ms. */
const RESPONSE_TIMEOUT_MS = 1_000
/** Time that a card has for its ordered end, ms. */
const STOP_GRACE_MS = 1_000
/** The launcher limits the start of the switch, and so that of its cards. */
const POLICY: SupervisorPolicy = {
  backoff: { firstMs: 50, maxMs: 5_000, quietMs: 10_000 },
  stopGraceMs: STOP_GRACE_MS,
  readyMaxMs: Number.POSITIVE_INFINITY,
}

interface Card {
  /** From 1. */
  readonly number: number
  readonly supervisor: ChildSupervisor<CardProcess>
  /** `opening`: its first table has been sent, and all further ones are. */
  phase: 'closed' | 'opening' | 'open'
  /** Number of status requests in a row without a response. */
  missedResponses: number
  /** Last status of the process; undefined: none since it was started. */
  last: CardStatus | undefined
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
  readonly #records = new CardRecords(RecordStream.open(() => {}))
  /** Services that cards can't listen for, by the card's number. */
  readonly #listenFailures = new Map<number, readonly ListenFailureStatus[]>()
  /** Counters of cards that have died. */
  #ended: CardCounters = NO_COUNTERS
  #fib: Fib | undefined
  #version = 0
  /** Resolves when all tables sent so far have been applied. */
  #applied: Promise<unknown> = Promise.resolve()
  #poll: NodeJS.Timeout | undefined

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
    for (let number = 1; number <= lineCards; number++) this.#cards.push(this.#startCard(number))
  }

  /** Resolves when all cards forward; rejects when one of them can't. */
  async start(fib: Fib): Promise<void> {
    this.#fib = fib
    this.#version++
    await Promise.all(
      this.#cards.map(async (card) => {
        await card.supervisor.untilReady()
        await this.#open(card)
      }),
    )
    this.#poll = setInterval(() => this.#pollCards(), STATUS_STEP_MS)
  }

  async setRoutes({ fib, set, remove, cause = 0 }: FibChange): Promise<void> {
    this.#fib = fib
    const update = changedFib(++this.#version, set, remove)
    const applied = Promise.all(this.#cards.map((card) => this.#sendFib(card, update, cause)))
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
    const routes = await this.#requestAll('explain', flow)
    if (routes.length === 0) throw new Error('no line card forwards now')
    return routes.find((route) => (route?.drain?.divertedTo ?? null) !== null) ?? routes[0] ?? null
  }

  /** All cards decide about new flows by the same table. */
  async lbsOfNewFlows(flows: NewFlows): Promise<NewFlowLbs> {
    await this.#untilApplied()
    const [lbs] = await this.#requestAll('lbsOfNewFlows', flows)
    if (lbs === undefined) throw new Error('no line card forwards now')
    return lbs
  }

  /** Each card reports its own flows. */
  async predict(request: PredictRequest): Promise<readonly (readonly FlowShift[])[]> {
    await this.#untilApplied()
    const perCard = await this.#requestAll('predict', request)
    return request.selections.map((_, i) => perCard.flatMap((perSelection) => perSelection[i] ?? []))
  }

  async keepFlows(id: number): Promise<FlowsKept> {
    const perCard = await this.#requestAll('keepFlows', { id })
    return {
      flows: perCard.reduce((sum, { flows }) => sum + flows, 0),
      at: Math.max(0, ...perCard.map(({ at }) => at)),
    }
  }

  /** Flows of a card that has died meanwhile are missing. */
  async measureFlows(id: number): Promise<readonly FlowShift[] | null> {
    await this.#untilApplied()
    const perCard = await this.#requestAll('measureFlows', { id })
    return perCard.every((shifts) => shifts === null) ? null : perCard.flatMap((shifts) => shifts ?? [])
  }

  async status(): Promise<DataPlaneStatus> {
    await this.#untilApplied()
    // An unreachable card counts with its last status.
    await Promise.all(this.#opened().map((card) => this.#requestStatus(card).catch(() => {})))
    const running = this.#opened().flatMap(({ last }) => last ?? [])
    const ports = this.#config.ports.map(({ id, peer }) => ({ id, peer, isAdminDown: this.#adminDown.has(id) }))
    return {
      ...cardTotals(running, this.#ended, (port) => this.#carriers.isUp(port), ports),
      cards: this.#cards.map((card) => this.#cardStatus(card)),
    }
  }

  async flushRecords(number: number): Promise<void> {
    await this.#requestAll('flushRecords', { number })
  }

  async closeEdge(): Promise<void> {
    clearInterval(this.#poll)
    for (const { supervisor } of this.#cards) supervisor.end()
    await Promise.all(
      this.#opened().map(({ supervisor }) => supervisor.child.request('closeEdge', {}, STOP_GRACE_MS).catch(() => {})),
    )
  }

  async close(): Promise<void> {
    await Promise.all(this.#cards.map(({ supervisor }) => supervisor.stop()))
  }

  #startCard(number: number): Card {
    const card: Card = {
      number,
      supervisor: new ChildSupervisor<CardProcess>({
        name: `line card ${number}`,
        policy: POLICY,
        spawn: ({ onReady, onExit }) =>
          new CardProcess(number, this.#configFile)
            .on('ready', onReady)
            .on('exit', onExit)
            .on('failed', (why) => this.#log.error({ card: number, why }, 'a line card can not start'))
            .on('happened', ({ happening, cause }) => this.#events.onHappened(happening, cause))
            .on('records', (batch) => this.#records.passOn(batch))
            .on('memberLink', (memberLink) => this.#onMemberLink(card, memberLink))
            .on('listenFailures', (failures) => this.#setListenFailures(card, failures)),
        onReady: () => {
          if (card.supervisor.restarts > 0) void this.#reopen(card)
        },
        onExit: (how, restartInMs) => this.#onExit(card, how, restartInMs),
      }),
      phase: 'closed',
      missedResponses: 0,
      last: undefined,
    }
    card.supervisor.start()
    return card
  }

  /**
   * Starts forwarding on a card. All further changes of the table are sent to it, and applied in
   * order.
   */
  async #open(card: Card): Promise<void> {
    card.phase = 'opening'
    const start: CardStart = {
      fib: wholeFib(this.#version, this.#fib!),
      adminDown: [...this.#adminDown],
      awaited: this.#carriers.up,
    }
    this.#carriers.cardStarted(card.number - 1)
    await card.supervisor.child.request('open', start, Number.POSITIVE_INFINITY)
    card.phase = 'open'
  }

  /** Starts forwarding on a restarted card. If it can't forward, it is killed and restarted. */
  async #reopen(card: Card): Promise<void> {
    const { child } = card.supervisor
    try {
      await this.#open(card)
    } catch (error) {
      this.#log.error({ card: card.number, err: error }, 'a line card can not forward')
      child.kill()
    }
  }

  /** If the card dies meanwhile, this is no error: its successor starts with the newest table. */
  async #sendFib(card: Card, table: FibUpdate, cause: number): Promise<void> {
    const { child } = card.supervisor
    if (!isOpened(card)) return
    try {
      await child.request('setFib', { table, cause }, Number.POSITIVE_INFINITY)
    } catch (error) {
      if (child.exited) return
      this.#log.error({ card: card.number, err: error }, 'a line card can not apply a route table')
      child.kill()
    }
  }

  async #untilApplied(): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), RESPONSE_TIMEOUT_MS)
    })
    const result = await Promise.race([this.#applied, late])
    clearTimeout(timer)
    if (result === 'late') throw new Error(`not all line cards forward by route table ${this.#version} yet`)
  }

  #pollCards(): void {
    for (const card of this.#opened()) {
      if (card.missedResponses >= KILL_AFTER) {
        this.#log.error({ card: card.number }, 'a line card does not respond and is killed')
        card.supervisor.child.kill()
      } else void this.#requestStatus(card).catch(() => {})
    }
  }

  /** Responses of the cards that have been opened, without those that die meanwhile. */
  async #requestAll<M extends MethodOf<LineCardContract>>(
    method: M,
    params: Params<LineCardContract, M>,
  ): Promise<Result<LineCardContract, M>[]> {
    const results = await Promise.all(
      this.#opened().map(async ({ supervisor: { child } }): Promise<Result<LineCardContract, M>[]> => {
        try {
          return [await child.request(method, params, RESPONSE_TIMEOUT_MS)]
        } catch (error) {
          if (child.exited) return []
          throw error
        }
      }),
    )
    return results.flat()
  }

  async #requestStatus(card: Card): Promise<void> {
    const { child } = card.supervisor
    card.missedResponses++
    const status = await child.request('status', {}, RESPONSE_TIMEOUT_MS)
    if (child !== card.supervisor.child) return
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
      this.#events.onCarrier(port, up, 'a member link is down')
    }
  }

  #onExit(card: Card, how: string, restartInMs: number | undefined): void {
    if (card.last !== undefined) this.#ended = sumCounters([this.#ended, card.last])
    this.#log.error({ card: card.number, how, restartInMs }, 'a line card has ended')
    this.#records.end(card.number)
    card.phase = 'closed'
    card.last = undefined
    card.missedResponses = 0
    if ((this.#listenFailures.get(card.number)?.length ?? 0) > 0) this.#setListenFailures(card, [])
    this.#changed(this.#carriers.cardDied(card.number - 1))
  }

  #opened(): Card[] {
    return this.#cards.filter(isOpened)
  }

  #cardStatus(card: Card): LineCardStatus {
    const { number, supervisor, last } = card
    return {
      card: number,
      pid: supervisor.child.pid,
      state: stateOf(card),
      restarts: supervisor.restarts,
      fibVersion: last?.fibVersion ?? 0,
      memberLinksUp: this.#carriers.memberLinksUp(number - 1),
      flows: last?.flows ?? 0,
      packetsIn: last === undefined ? 0 : packetsIn(last),
    }
  }
}

/** True if a card is sent tables and requests. */
function isOpened({ phase }: Card): boolean {
  return phase !== 'closed'
}

function stateOf({ supervisor, phase, missedResponses }: Card): LineCardStatus['state'] {
  if (supervisor.child.exited) return 'restarting'
  if (missedResponses >= UNREACHABLE_AFTER) return 'unreachable'
  return phase === 'open' ? 'running' : 'starting'
}
