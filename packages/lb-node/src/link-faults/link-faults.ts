import type { Clock } from '@fivetuple/runtime'
import { type Dial, dialSocket } from '@fivetuple/speaker'
import type { DirectionFaults } from '../config.js'
import type { ImpairPacket } from '../ports/lb-port.js'
import { ImpairedConnection } from './impaired-connection.js'
import { type Arrive, ImpairedDirection } from './impaired-direction.js'
import { LINK_DIRECTIONS, LINK_SIDES, type LinkDirection, type LinkSide } from './names.js'
import { PreciseTimer } from './precise-timer.js'

/** IPv4 and UDP headers, bytes. */
const DATAGRAM_HEADERS_BYTES = 28
/** Connections that were closed and still have bytes under way; the oldest is ended beyond it. */
const LINGERING_MAX = 16

/** Port whose packets can be impaired: see `LbPort`. */
export interface ImpairablePort {
  readonly hasPacketsToImpair: boolean
  flushImpaired(): void
  impairOutput(impair: ImpairPacket | undefined): void
  impairInput(impair: ImpairPacket | undefined): void
}

type Direction = Readonly<Record<LinkDirection, ImpairedDirection>>

/** Timer for a machine that returns its next deadline, as {@link PreciseTimer}. */
export interface DueTimer {
  arm(deadline: number): void
  close(): void
}

/**
 * Faults of the two links of an LB, for both directions. It holds them alone, so switches and line
 * cards have no part in them. Data packets are impaired at the ports, BGP at its connections, BFD
 * at its datagrams. A link without faults is left alone: its packets pass no code of this module.
 */
export class LbLinkFaults {
  readonly #clock: Clock
  readonly #ports: Readonly<Record<LinkSide, ImpairablePort>>
  readonly #links: Readonly<Record<LinkSide, Direction>>
  readonly #connections = new Set<ImpairedConnection>()
  readonly #timer: DueTimer
  readonly #dial: Dial

  /** @param options replacements for tests */
  constructor(
    ports: Readonly<Record<LinkSide, ImpairablePort>>,
    clock: Clock,
    options: {
      readonly createTimer?: (onDue: (now: number) => number) => DueTimer
      readonly dial?: Dial
    } = {},
  ) {
    const { createTimer = (onDue) => new PreciseTimer(clock, onDue), dial = dialSocket } = options
    this.#ports = ports
    this.#clock = clock
    this.#dial = dial
    this.#timer = createTimer((now) => this.#onDue(now))
    const link = (side: LinkSide): Direction => ({
      in: this.#createDirection(side, 'in'),
      out: this.#createDirection(side, 'out'),
    })
    this.#links = { uplink: link('uplink'), downlink: link('downlink') }
  }

  /** Replaces all faults; a direction that is missing has none. */
  set(links: readonly DirectionFaults[]): void {
    for (const side of LINK_SIDES)
      for (const direction of LINK_DIRECTIONS) {
        const own = links.find((link) => link.side === side && link.direction === direction)
        this.#links[side][direction].setFaults(own?.faults ?? [])
      }
  }

  /** Faults and counters of one direction of a link. */
  direction(side: LinkSide, direction: LinkDirection): ImpairedDirection {
    return this.#links[side][direction]
  }

  /** Returns a way to open connections over a link. */
  dialOver(side: LinkSide): Dial {
    return (target, handlers) => {
      const connection = new ImpairedConnection({
        target,
        handlers,
        dial: this.#dial,
        link: this.#links[side],
        clock: this.#clock,
        onDeadline: (deadline) => this.#timer.arm(deadline),
        onGone: (gone) => this.#connections.delete(gone),
      })
      this.#connections.add(connection)
      const lingering = [...this.#connections].filter(({ isDestroyed }) => isDestroyed)
      if (lingering.length > LINGERING_MAX) lingering[0]?.discard()
      return connection
    }
  }

  /**
   * Passes a datagram of a control protocol over a link; `arrive` is called when it arrives.
   *
   * @param bytes size without headers
   */
  sendDatagram(side: LinkSide, direction: LinkDirection, bytes: number, arrive: Arrive): void {
    const impaired = this.#links[side][direction]
    if (impaired.isIdle('control')) arrive(this.#clock.now())
    else impaired.send('control', bytes + DATAGRAM_HEADERS_BYTES, arrive)
  }

  close(): void {
    this.#timer.close()
    for (const connection of [...this.#connections]) connection.discard()
  }

  #createDirection(side: LinkSide, direction: LinkDirection): ImpairedDirection {
    let isImpaired = false
    const port = this.#ports[side]
    const impair = (bytes: number, arrive: Arrive): void => impaired.send('data', bytes, arrive)
    const impaired: ImpairedDirection = new ImpairedDirection(this.#clock, LINK_DIRECTIONS.indexOf(direction), {
      onDeadline: (deadline) => this.#timer.arm(deadline),
      onIdleChange: () => {
        if (isImpaired !== impaired.isIdle('data')) return
        // Packets of this turn go first. The last of them brings this back.
        if (isImpaired && direction === 'out' && port.hasPacketsToImpair) {
          port.flushImpaired()
          return
        }
        isImpaired = !isImpaired
        const means = isImpaired ? impair : undefined
        if (direction === 'out') port.impairOutput(means)
        else port.impairInput(means)
      },
    })
    return impaired
  }

  #onDue(now: number): number {
    let deadline = Number.POSITIVE_INFINITY
    for (const side of LINK_SIDES)
      for (const direction of LINK_DIRECTIONS) {
        const impaired = this.#links[side][direction]
        impaired.deliver(now)
        deadline = Math.min(deadline, impaired.deadline())
      }
    for (const connection of [...this.#connections]) {
      if (connection.deadline() <= now) connection.onTimeout(now)
      deadline = Math.min(deadline, connection.deadline())
    }
    return deadline
  }
}
