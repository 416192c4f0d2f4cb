/** State of a member link, one card's part of a port, as the control plane sees it. */
type MemberLinkState =
  /** Its card does not run. */
  | 'absent'
  /** Its card runs, and it has not come up yet. */
  | 'awaited'
  | 'up'
  /** It had come up and has broken, while its card runs. */
  | 'broken'

interface Port {
  readonly memberLinks: MemberLinkState[]
  isUp: boolean
}

/** Change of a port's carrier. */
export interface CarrierChange {
  readonly port: number
  readonly up: boolean
}

/**
 * Carriers of ports whose cables have one member link for each line card.
 *
 * A port comes up when all member links of running cards are up. It goes down when one of them
 * breaks: an LB that dies, or whose link is down, loses all of them, and the first one shows it. If
 * a card dies, its member links go and no carrier is lost: the other cards go on forwarding. If a
 * card has been restarted, its member links are added when they come up.
 */
export class PortCarriers {
  readonly #ports: ReadonlyMap<number, Port>

  /**
   * Creates ports without carrier. All cards count as running, and their member links as awaited.
   */
  constructor(ports: readonly number[], cards: number) {
    this.#ports = new Map(ports.map((port) => [port, { memberLinks: new Array(cards).fill('awaited'), isUp: false }]))
  }

  /** Returns true while the port has carrier. */
  isUp(port: number): boolean {
    return this.#ports.get(port)?.isUp ?? false
  }

  /** Ports that have a carrier. */
  get up(): number[] {
    return [...this.#ports].flatMap(([port, { isUp }]) => (isUp ? [port] : []))
  }

  /** Number of member links that a card has up. */
  memberLinksUp(card: number): number {
    return [...this.#ports.values()].filter(({ memberLinks }) => memberLinks[card] === 'up').length
  }

  /** Records that a member link has come up or broken. Cards count from 0. */
  setMemberLink(card: number, port: number, up: boolean): CarrierChange[] {
    return this.#set(card, port, up ? 'up' : 'broken')
  }

  /** Records that a card's process has ended. */
  cardDied(card: number): CarrierChange[] {
    return [...this.#ports.keys()].flatMap((port) => this.#set(card, port, 'absent'))
  }

  /** Records that a card's process accepts cables again. */
  cardStarted(card: number): void {
    for (const { memberLinks } of this.#ports.values()) memberLinks[card] = 'awaited'
  }

  #set(card: number, id: number, state: MemberLinkState): CarrierChange[] {
    const port = this.#ports.get(id)
    if (port === undefined) return []
    port.memberLinks[card] = state
    const { memberLinks } = port
    const someUp = memberLinks.includes('up')
    const up = port.isUp
      ? someUp && !memberLinks.includes('broken')
      : someUp && memberLinks.every((s) => s === 'up' || s === 'absent')
    if (up === port.isUp) return []
    port.isUp = up
    return [{ port: id, up }]
  }
}
