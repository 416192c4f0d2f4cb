import type { Flow, FlowApplication, FlowFailure, TcpEdge } from '@fivetuple/edge'
import { StreamSink, StreamSource } from './byte-stream.js'
import type { SimulatedCluster } from './simulated-cluster.js'

/** One end of a simulated connection: sends a stream in random pieces, half-closes, and checks what comes back. */
class Peer implements FlowApplication {
  readonly sink: StreamSink
  failure: FlowFailure | undefined
  closed = false
  connected = false
  protected readonly cluster: SimulatedCluster
  readonly #source: StreamSource
  readonly #edge: TcpEdge
  readonly #slow: boolean
  flow: Flow | undefined
  #paused = false

  constructor(cluster: SimulatedCluster, edge: TcpEdge, sends: StreamSource, receives: number, slow: boolean) {
    this.cluster = cluster
    this.#edge = edge
    this.#source = sends
    this.sink = new StreamSink(receives)
    this.#slow = slow
  }

  /** Sends the next piece, and goes on after a random pause. */
  pump(): void {
    const { cluster, flow } = this
    if (flow === undefined || this.closed || this.failure !== undefined || this.#paused) return
    if (this.#source.isDone) {
      this.#edge.shutdown(flow, cluster.clock.now)
      return
    }
    this.#paused = !this.#edge.send(flow, this.#source.next(cluster.random), cluster.clock.now)
    if (!this.#paused) this.#later(() => this.pump())
  }

  onConnected(): void {
    this.connected = true
  }
  onData(b: Uint8Array, start: number, end: number): void {
    this.sink.take(b, start, end)
    const { cluster, flow } = this
    const taken = end - start
    if (!this.#slow) this.#edge.consumed(flow!, taken, cluster.clock.now)
    else this.#later(() => this.#edge.consumed(flow!, taken, cluster.clock.now))
  }
  onEnd(): void {
    this.sink.end()
  }
  onWritable(): void {
    this.#paused = false
    this.#later(() => this.pump())
  }
  onFailure(failure: FlowFailure): void {
    this.failure = failure
  }
  onClosed(): void {
    this.closed = true
  }

  #later(what: () => void): void {
    const { clock, random } = this.cluster
    clock.schedule(clock.now + 1 + random.int(30), () => this.cluster.act(what))
  }
}

/** A client: sends stream `2 × id` and expects stream `2 × id + 1`. */
export class ClientPeer extends Peer {
  static open(
    cluster: SimulatedCluster,
    id: number,
    address: number,
    port: number,
    bytes: number,
    slow: boolean,
  ): ClientPeer {
    const peer = new ClientPeer(cluster, cluster.clients, new StreamSource(2 * id, bytes), 2 * id + 1, slow)
    peer.flow = cluster.connect(address, port, peer)
    peer.pump()
    return peer
  }
}

/**
 * A server. Which client a flow belongs to can't be seen behind full NAT, so the client's stream tells: the first byte
 * decides among all ids, and every byte behind it is checked.
 */
export class ServerPeer implements FlowApplication {
  readonly #cluster: SimulatedCluster
  readonly #edge: TcpEdge
  readonly #flow: Flow
  readonly #bytes: number
  readonly #head: number[] = []
  #peer: Peer | undefined
  readonly #identify: (head: readonly number[]) => number | undefined
  failure: FlowFailure | undefined

  constructor(
    cluster: SimulatedCluster,
    edge: TcpEdge,
    flow: Flow,
    bytes: number,
    identify: (head: readonly number[]) => number | undefined,
  ) {
    this.#cluster = cluster
    this.#edge = edge
    this.#flow = flow
    this.#bytes = bytes
    this.#identify = identify
  }

  onConnected(): void {}
  onData(b: Uint8Array, start: number, end: number): void {
    let o = start
    while (this.#peer === undefined && o < end) {
      this.#head.push(b[o++]!)
      const id = this.#identify(this.#head)
      if (id !== undefined) this.#become(id)
    }
    if (o > start) this.#edge.consumed(this.#flow, o - start, this.#cluster.clock.now)
    if (o < end) this.#peer!.onData(b, o, end)
  }
  onEnd(): void {
    this.#peer?.onEnd()
  }
  onWritable(): void {
    this.#peer?.onWritable()
  }
  onFailure(failure: FlowFailure): void {
    this.failure = failure
    this.#peer?.onFailure(failure)
  }
  onClosed(): void {
    this.#peer?.onClosed()
  }

  #become(id: number): void {
    const peer = new Peer(this.#cluster, this.#edge, new StreamSource(2 * id + 1, this.#bytes), 2 * id, false)
    peer.flow = this.#flow
    peer.sink.take(new Uint8Array(this.#head), 0, this.#head.length)
    this.#peer = peer
    const { clock } = this.#cluster
    clock.schedule(clock.now, () => this.#cluster.act(() => peer.pump()))
  }
}
