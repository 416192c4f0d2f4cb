import { NO_ROUTE } from '@fivetuple/packet'
import type { RoutingState } from '../select-route.js'

/** Ends of a TCP flow, as packets of the client have them. */
export interface FlowEnds {
  readonly sourceAddress: number
  readonly destinationAddress: number
  readonly sourcePort: number
  readonly destinationPort: number
}

/** Flow of the edge, in the words of its endpoint. */
export interface EdgeFlow {
  readonly localAddress: number
  readonly remoteAddress: number
  readonly localPort: number
  readonly remotePort: number
}

/** Words per flow: source, destination, ports. */
const WORDS = 3

/**
 * TCP flows of one moment, twelve bytes each, with the state of the switch at that moment. A
 * prediction over many flows is made in steps between packets; meanwhile flows end, ports lose
 * carrier, and diversions are deleted.
 */
export class FlowList {
  readonly state: RoutingState
  readonly #words: Uint32Array
  /** By flow: the port to which it is diverted, or NO_ROUTE; undefined: no flow was diverted. */
  readonly #diverted: Int32Array | undefined
  /** Flow that {@link state} is asked for. */
  #current = 0

  private constructor(words: Uint32Array, live: RoutingState, up: ReadonlySet<number>) {
    this.#words = words
    const { address, hash, seed, fib, diverted } = live
    if (diverted.size > 0)
      this.#diverted = Int32Array.from({ length: words.length / WORDS }, (_, i) => {
        const { sourceAddress, destinationAddress, sourcePort, destinationPort } = this.at(i)
        return diverted.portOf(sourceAddress, destinationAddress, sourcePort, destinationPort)
      })
    const portOf = (): number => this.#diverted?.[this.#current] ?? NO_ROUTE
    this.state = {
      address,
      hash,
      seed,
      fib,
      diverted: { size: diverted.size, isFull: false, portOf },
      isUp: (port) => up.has(port),
    }
  }

  /** @param ports ids of all ports */
  static of(flows: Iterable<EdgeFlow>, live: RoutingState, ports: readonly number[]): FlowList {
    let words = new Uint32Array(WORDS * 1_024)
    let used = 0
    for (const { localAddress, remoteAddress, localPort, remotePort } of flows) {
      if (used === words.length) {
        const larger = new Uint32Array(words.length * 2)
        larger.set(words)
        words = larger
      }
      words[used++] = localAddress
      words[used++] = remoteAddress
      words[used++] = (localPort << 16) | remotePort
    }
    return new FlowList(words.slice(0, used), live, upOf(live, ports))
  }

  /** Returns the same flows with the state of another moment. */
  under(live: RoutingState, ports: readonly number[]): FlowList {
    return new FlowList(this.#words, live, upOf(live, ports))
  }

  get size(): number {
    return this.#words.length / WORDS
  }

  /** Returns a flow, and lets {@link state} decide about it until the next call. */
  at(index: number): FlowEnds {
    this.#current = index
    const o = index * WORDS
    const ports = this.#words[o + 2]!
    return {
      sourceAddress: this.#words[o]!,
      destinationAddress: this.#words[o + 1]!,
      sourcePort: ports >>> 16,
      destinationPort: ports & 0xffff,
    }
  }
}

function upOf(live: RoutingState, ports: readonly number[]): ReadonlySet<number> {
  return new Set(ports.filter((port) => live.isUp(port)))
}
