import { strict as assert } from 'node:assert'
import { type SegmentOutput, TcpEndpoint, tcpOptions } from '@fivetuple/tcp'
import type { TimedBench } from './micro-bench.js'

const REQUEST_BYTES = 100
const RESPONSE_BYTES = 300
const EXCHANGES = 256

/** Benches of the two ends of a fabric connection, without wire and sockets. */
export const tcpBenches: readonly TimedBench[] = [
  { name: 'tcp request and response, both ends', prepare: pingPong },
  { name: 'tcp connection with one exchange, both ends', prepare: connections },
]

/** Collects the segments of one transmit. */
class Wire implements SegmentOutput {
  readonly buffer = new Uint8Array(256 * 1024)
  readonly ends: number[] = []
  #length = 0

  reserve(length: number): number {
    const at = this.#length
    this.#length += length
    this.ends.push(this.#length)
    return at
  }

  clear(): void {
    this.#length = 0
    this.ends.length = 0
  }
}

class Pair {
  readonly client: TcpEndpoint
  readonly server: TcpEndpoint
  readonly #wire = new Wire()
  #isAccepted = false

  constructor(options = tcpOptions()) {
    this.client = new TcpEndpoint(options, 41_234, 8080, 1)
    this.server = new TcpEndpoint(options, 8080, 41_234, 2)
  }

  /**
   * Passes segments back and forth until neither end has anything to send. Returns the bytes that
   * were delivered.
   */
  settle(now: number): number {
    let delivered = 0
    while (this.client.wantsTransmit || this.server.wantsTransmit)
      delivered += this.#pass(this.client, this.server, now) + this.#pass(this.server, this.client, now)
    return delivered
  }

  #pass(from: TcpEndpoint, to: TcpEndpoint, now: number): number {
    const wire = this.#wire
    wire.clear()
    from.transmit(wire, now)
    let start = 0
    let delivered = 0
    for (const end of wire.ends) {
      if (to === this.server && !this.#isAccepted) {
        this.#isAccepted = true
        to.accept(wire.buffer, start, end, now)
        to.establish(now)
      } else to.onSegment(wire.buffer, start, end, now)
      start = end
      while (to.nextRead()) {
        const bytes = to.readEnd - to.readStart
        to.consumed(bytes, now)
        delivered += bytes
      }
      to.takeEvents()
    }
    return delivered
  }
}

function exchange(pair: Pair, request: Uint8Array, response: Uint8Array, now: number): void {
  pair.client.send(request, now)
  const requested = pair.settle(now)
  pair.server.send(response, now)
  const responded = pair.settle(now)
  assert.equal(requested + responded, REQUEST_BYTES + RESPONSE_BYTES)
}

function pingPong(): () => number {
  const pair = new Pair()
  const request = new Uint8Array(REQUEST_BYTES)
  const response = new Uint8Array(RESPONSE_BYTES)
  pair.client.connect(0)
  pair.settle(0)
  let now = 0
  return () => {
    now++
    for (let i = 0; i < EXCHANGES; i++) exchange(pair, request, response, now)
    return EXCHANGES
  }
}

function connections(): () => number {
  const options = tcpOptions()
  const request = new Uint8Array(REQUEST_BYTES)
  const response = new Uint8Array(RESPONSE_BYTES)
  return () => {
    for (let i = 0; i < EXCHANGES; i++) {
      const pair = new Pair(options)
      pair.client.connect(0)
      pair.settle(0)
      exchange(pair, request, response, 0)
      pair.server.shutdown(0)
      pair.settle(0)
      pair.client.shutdown(0)
      pair.settle(0)
    }
    return EXCHANGES
  }
}
