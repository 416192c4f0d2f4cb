import type { PathVerdict } from '@fivetuple/bfd'
import type { SessionDetector } from '@fivetuple/bgp'
import type { Clock, Reporter } from '@fivetuple/runtime'

/**
 * Time after the begin of a session within which new routes of its neighbour are those that it
 * announces at its begin, ms. Later ones have a cause at the neighbour.
 */
const FIRST_ROUTES_MS = 1_000

interface Known {
  /** Local id of the last `link.up` or `bfd.up` that no session has followed; 0: there is none. */
  usable: number
  /** Local id of the last begin or end of its session; 0: there was none. */
  session: number
  isEstablished: boolean
  /** Time of that, ms. */
  at: number
}

/** Reports of BGP and BFD sessions, and what follows from each of them. */
export class SessionHappenings {
  readonly #reporter: Reporter
  readonly #clock: Clock
  readonly #neighbors = new Map<string, Known>()

  constructor(reporter: Reporter, clock: Clock) {
    this.#reporter = reporter
    this.#clock = clock
  }

  /** The link to a neighbour has carrier, as a happening with this local id reports. */
  onLinkUp(neighbor: string, id: number): void {
    this.#known(neighbor).usable = id
  }

  /** Reports BFD's verdict on the path to a neighbour; what `follow` does has it as its cause. */
  onPath(neighbor: string, path: PathVerdict, reason: string, follow: () => void): void {
    if (path === 'unknown') {
      follow()
      return
    }
    const isFailed = path === 'failed'
    const known = this.#known(neighbor)
    const id = isFailed
      ? this.#reporter.report({ kind: 'bfd.down', neighbor, reason })
      : this.#reporter.report({ kind: 'bfd.up', neighbor }, known.usable)
    if (!isFailed) known.usable = id
    this.#reporter.during(id, follow)
  }

  onEstablished(neighbor: string): void {
    const known = this.#known(neighbor)
    this.#set(known, true, this.#reporter.report({ kind: 'bgp.up', neighbor }, known.usable))
    known.usable = 0
  }

  /** The cause is what is reported now: carrier lost, BFD down. */
  onDown(neighbor: string, detector: SessionDetector, reason: string): void {
    this.#set(this.#known(neighbor), false, this.#reporter.report({ kind: 'bgp.down', neighbor, detector, reason }))
  }

  /**
   * Returns the local id of the begin or the end of a session that explains why a neighbour is a
   * next hop of a prefix now, or no longer; 0: there is none, since it has announced or withdrawn
   * the prefix for a reason of its own.
   */
  causeOf(neighbor: string, isNextHop: boolean, now: number): number {
    const { session, isEstablished, at } = this.#known(neighbor)
    if (isEstablished !== isNextHop) return 0
    return isEstablished && now - at > FIRST_ROUTES_MS ? 0 : session
  }

  #set(known: Known, isEstablished: boolean, id: number): void {
    known.session = id
    known.isEstablished = isEstablished
    known.at = this.#clock.now()
  }

  #known(neighbor: string): Known {
    let known = this.#neighbors.get(neighbor)
    if (known === undefined) {
      known = { usable: 0, session: 0, isEstablished: false, at: 0 }
      this.#neighbors.set(neighbor, known)
    }
    return known
  }
}
