/**
 * Time between the last member link's carrier and the cable's, ms. The switch's control plane
 * learns of member links from its line cards; a BGP connection that arrives earlier is refused, and
 * tried again much later.
 */
const SETTLE_MS = 20
/** Time after which a cable comes up without some of its links, ms: a line card may be dead. */
const INCOMPLETE_MS = 1_000

/**
 * The carrier of a cable of several member links. It is up when all of them are, or some have been
 * for a second, and it is lost with the last one. The loss of a single link is left to the switch,
 * which detects if a line card has died, and ends the BGP session if not.
 */
export class CableCarrier {
  readonly #memberLinks: boolean[]
  #isUp = false
  #comesUpAt = Number.POSITIVE_INFINITY

  /** @param memberLinks at least 1 */
  constructor(memberLinks: number) {
    this.#memberLinks = new Array(memberLinks).fill(false)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Carrier of each member link. */
  get memberLinks(): readonly boolean[] {
    return this.#memberLinks
  }

  /**
   * Records the carrier of a member link, counted from 0. Returns true if the cable's carrier
   * changes.
   * @param now ms
   */
  setMemberLink(memberLink: number, up: boolean, now: number): boolean {
    this.#memberLinks[memberLink] = up
    const wasUp = this.#isUp
    if (!this.#memberLinks.includes(true)) {
      this.#isUp = false
      this.#comesUpAt = Number.POSITIVE_INFINITY
    } else if (this.#memberLinks.length === 1) this.#isUp = true
    else if (up && !wasUp) {
      const isComplete = !this.#memberLinks.includes(false)
      this.#comesUpAt = isComplete ? now + SETTLE_MS : Math.min(this.#comesUpAt, now + INCOMPLETE_MS)
    }
    return this.#isUp !== wasUp
  }

  /** Time of the next {@link onTimeout}, ms; Infinity: none. */
  deadline(): number {
    return this.#comesUpAt
  }

  /** Returns true if the cable has its carrier now. @param now ms */
  onTimeout(now: number): boolean {
    if (now < this.#comesUpAt) return false
    this.#comesUpAt = Number.POSITIVE_INFINITY
    this.#isUp = true
    return true
  }
}
