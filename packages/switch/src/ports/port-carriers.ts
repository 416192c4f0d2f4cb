/** State of a lane as the control plane knows it: one card's part of a port. */
type LaneState =
  /** Its card does not run. */
  | 'absent'
  /** Its card runs, and it has not come up yet. */
  | 'awaited'
  | 'up'
  /** It had come up and has broken, while its card runs. */
  | 'broken'

interface Port {
  readonly lanes: LaneState[]
  isUp: boolean
}

/** A port's carrier has come or gone. */
export interface CarrierChange {
  readonly port: number
  readonly up: boolean
}

/**
 * The carriers of ports whose cables have one lane for each line card.
 *
 * A port comes up when all lanes of running cards are up, and goes down when one of them breaks: an
 * LB that dies or whose link is down loses all of them, and one is enough to know. A card that dies
 * takes its lanes with it and no carrier: what the other cards forward goes on. A card that has
 * been started again adds its lanes when they come up.
 */
export class PortCarriers {
  readonly #ports: ReadonlyMap<number, Port>

  /** All cards are taken to run, and their lanes are awaited. */
  constructor(ports: readonly number[], cards: number) {
    this.#ports = new Map(ports.map((port) => [port, { lanes: new Array(cards).fill('awaited'), isUp: false }]))
  }

  isUp(port: number): boolean {
    return this.#ports.get(port)?.isUp ?? false
  }

  /** Ports that have a carrier. */
  get up(): number[] {
    return [...this.#ports].flatMap(([port, { isUp }]) => (isUp ? [port] : []))
  }

  /** Number of lanes that a card has up. */
  lanesUp(card: number): number {
    return [...this.#ports.values()].filter(({ lanes }) => lanes[card] === 'up').length
  }

  /** A lane has come up or broken. Cards count from 0. */
  setLane(card: number, port: number, up: boolean): CarrierChange[] {
    return this.#set(card, port, up ? 'up' : 'broken')
  }

  /** A card's process has ended. */
  cardDied(card: number): CarrierChange[] {
    return [...this.#ports.keys()].flatMap((port) => this.#set(card, port, 'absent'))
  }

  /** A card's process takes cables again. */
  cardStarted(card: number): void {
    for (const { lanes } of this.#ports.values()) lanes[card] = 'awaited'
  }

  #set(card: number, id: number, state: LaneState): CarrierChange[] {
    const port = this.#ports.get(id)
    if (port === undefined) return []
    port.lanes[card] = state
    const { lanes } = port
    const someUp = lanes.includes('up')
    const up = port.isUp
      ? someUp && !lanes.includes('broken')
      : someUp && lanes.every((s) => s === 'up' || s === 'absent')
    if (up === port.isUp) return []
    port.isUp = up
    return [{ port: id, up }]
  }
}
