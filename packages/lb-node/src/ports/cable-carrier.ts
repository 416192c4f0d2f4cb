/**
 * Between the last lane's carrier and the cable's, ms: the switch's control plane hears of lanes from its line cards, and a
 * BGP connection that overtakes this news is refused and tried again much later.
 */
const SETTLE_MS = 20
/** A cable whose lanes are not all up comes up without the others after this: one of the switch's line cards may be dead. */
const INCOMPLETE_MS = 1_000

/**
 * The carrier of a cable of several lanes, as its LB sees it: it comes when all lanes are up, or some have been for a
 * second, and goes with the last one. With one lane the two are the same. Whether a single lane's end means anything is
 * for the switch to say, which knows whether it is a card that died, and ends the BGP session if not.
 */
export class LaneCarrier {
  readonly #lanes: boolean[]
  #isUp = false
  #comesUpAt = Number.POSITIVE_INFINITY

  /** @param lanes at least 1 */
  constructor(lanes: number) {
    this.#lanes = new Array(lanes).fill(false)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** By lane. */
  get lanes(): readonly boolean[] {
    return this.#lanes
  }

  /** A lane, counted from 0, has come up or gone; returns whether that changes the cable's carrier. @param now ms */
  setLane(lane: number, up: boolean, now: number): boolean {
    this.#lanes[lane] = up
    const wasUp = this.#isUp
    if (!this.#lanes.includes(true)) {
      this.#isUp = false
      this.#comesUpAt = Number.POSITIVE_INFINITY
    } else if (this.#lanes.length === 1) this.#isUp = true
    else if (up && !wasUp) {
      const isComplete = !this.#lanes.includes(false)
      this.#comesUpAt = isComplete ? now + SETTLE_MS : Math.min(this.#comesUpAt, now + INCOMPLETE_MS)
    }
    return this.#isUp !== wasUp
  }

  /** When {@link onTimeout} is wanted, ms; Infinity: never. */
  deadline(): number {
    return this.#comesUpAt
  }

  /** Returns whether the carrier has come. @param now ms */
  onTimeout(now: number): boolean {
    if (now < this.#comesUpAt) return false
    this.#comesUpAt = Number.POSITIVE_INFINITY
    this.#isUp = true
    return true
  }
}
