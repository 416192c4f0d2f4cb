import { formatPrefix, parseIpv4, parsePrefix } from '@fivetuple/packet'
import { Speaker, type SpeakerNeighbor, type SpeakerOptions } from '@fivetuple/speaker'

/** What a condition of a test may take: far more than it does on the slowest machine, so that a failure has a name. */
const WAIT_MAX_MS = 20_000

/** A speaker whose tests wait for events instead of time. */
export class WatchedSpeaker {
  readonly speaker: Speaker
  readonly states: string[] = []
  /** Times that `onRoutes` was called. */
  routesCalls = 0
  #waiting: (() => void)[] = []

  constructor(options: Partial<SpeakerOptions> & Pick<SpeakerOptions, 'localAddress' | 'as' | 'neighbors'>) {
    this.speaker = new Speaker({
      port: 1790,
      routerId: parseIpv4(options.localAddress)!,
      holdTime: 9,
      listen: true,
      retryFirstMs: 20,
      retryMaxMs: 200,
      ...options,
      onRoutes: () => {
        this.routesCalls++
        this.#wake()
      },
      onSession: (neighbor, state) => {
        this.states.push(`${neighbor} ${state}`)
        this.#wake()
      },
    })
  }

  /** Resolves when `condition` holds; it is looked at whenever a session or a route has changed. Rejects when it never does. */
  async until(condition: () => boolean): Promise<void> {
    let late = false
    const timer = setTimeout(() => {
      late = true
      this.#wake()
    }, WAIT_MAX_MS)
    try {
      while (!condition()) {
        if (late) throw new Error(`not within ${WAIT_MAX_MS} ms: ${condition}; ${this.#describe()}`)
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async untilState(neighbor: string, state: string): Promise<void> {
    await this.until(() => this.session(neighbor).state === state)
  }

  async untilRoute(prefix: string, ...via: string[]): Promise<void> {
    await this.until(() => this.via(prefix).join() === via.join())
  }

  session(neighbor: string) {
    return this.speaker.sessions().find((session) => session.neighbor === neighbor)!
  }

  /** Names of the neighbours that a prefix is reached by. */
  via(prefix: string): string[] {
    const route = this.speaker.snapshot().get(parsePrefix(prefix)!)
    return route?.paths.map(({ neighbor }) => neighbor.name) ?? []
  }

  prefixes(): string[] {
    return this.speaker
      .snapshot()
      .routes()
      .map(({ prefix }) => formatPrefix(prefix))
  }

  #describe(): string {
    const { speaker, states } = this
    return JSON.stringify({ states, sessions: speaker.sessions(), prefixes: this.prefixes() })
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

/** A neighbour that may announce anything. */
export function anyNeighbor(
  name: string,
  address: string,
  as: number,
  more: Partial<SpeakerNeighbor> = {},
): SpeakerNeighbor {
  return {
    name,
    address,
    as,
    passive: false,
    allowedPrefixes: [parsePrefix('0.0.0.0/0')!],
    prefixLimit: 1_000,
    ...more,
  }
}
