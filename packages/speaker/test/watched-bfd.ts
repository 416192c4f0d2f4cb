import { type BfdFilter, type BfdPeer, type BfdSessionStatus, BfdSpeaker } from '@fivetuple/speaker'

/** Far more than any condition takes on the slowest machine. */
const WAIT_MAX_MS = 20_000
/** Counters change without an event. */
const POLL_MS = 20

/** A BFD speaker whose tests wait for its sessions. */
export class WatchedBfd {
  readonly speaker: BfdSpeaker
  readonly paths: string[] = []
  #waiting: (() => void)[] = []

  constructor(address: string, peers: readonly BfdPeer[], filter?: BfdFilter) {
    this.speaker = new BfdSpeaker({
      localAddress: address,
      peers,
      ...(filter && { filter }),
      onPath: (peer, path, reason) => {
        this.paths.push(`${peer} ${path}: ${reason}`)
        this.#wake()
      },
      onState: () => this.#wake(),
    })
  }

  /** Resolves when a condition holds for the session with a peer; rejects with the session. */
  async until(condition: (session: BfdSessionStatus) => boolean, peer = 'b'): Promise<void> {
    const end = performance.now() + WAIT_MAX_MS
    while (!condition(this.session(peer))) {
      if (performance.now() > end) throw new Error(`${condition}: ${JSON.stringify(this.session(peer))}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS)
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  session(peer = 'b'): BfdSessionStatus {
    return this.speaker.status().sessions.find(({ neighbor }) => neighbor === peer)!
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
