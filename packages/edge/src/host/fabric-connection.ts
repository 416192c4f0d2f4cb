import { strict as assert } from 'node:assert'
import type { Clock } from '@fivetuple/runtime'
import type { Flow, FlowApplication, FlowFailure } from '../fabric/flow.js'
import type { TcpEdge } from '../fabric/tcp-edge.js'

/** Reason why a {@link FabricConnection} failed, as an errno. */
export type FabricErrorCode =
  /** The far edge's machine can't use the source port. */
  | 'EADDRINUSE'
  /** No source port is free here. */
  | 'EADDRNOTAVAIL'
  | 'ECONNABORTED'
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'EHOSTUNREACH'
  /** A limit on the way, and not the target, has refused the connection. */
  | 'ENOBUFS'
  | 'ETIMEDOUT'

/** Handlers of the owner of a {@link FabricConnection}, called until it has closed or reset it. */
export interface ConnectionHandlers {
  onConnected(): void
  /** Bytes in order, valid for the time of the call. */
  onData(b: Uint8Array, start: number, end: number): void
  /** The peer sends no more. */
  onEnd(): void
  /**
   * There is no connection, or none any more; nothing follows. May be called before the owner has
   * the connection.
   */
  onFailure(code: FabricErrorCode): void
}

/** Surroundings of a {@link FabricConnection}, from its host. Addresses are 32-bit numbers. */
export interface FabricConnectionOptions {
  readonly edge: TcpEdge
  readonly clock: Clock
  readonly localAddress: number
  readonly localPort: number
  readonly remoteAddress: number
  readonly remotePort: number
  readonly handlers: ConnectionHandlers
  /** Reason why a SYN failed other than by a RST: ICMP or the lack of a route. */
  readonly unreachableCode: () => FabricErrorCode | undefined
  /**
   * Its owner is done with it; the flow has still to end, and somebody has to see to it that it
   * does.
   */
  readonly onLinger: (flow: Flow) => void
  /** The flow is gone; its port is free. Called exactly once. */
  readonly onReleased: () => void
}

/**
 * One TCP connection over the fabric, without a stream around it: what health checks are made of,
 * so that a process that does little else need not run a stream's machinery for each. What arrives
 * is taken at once.
 */
export class FabricConnection implements FlowApplication {
  readonly #options: FabricConnectionOptions
  #flow: Flow | undefined
  #isConnected = false
  /** The peer's FIN has come. */
  #hasEnded = false
  /** `waiting`: our FIN follows the peer's. `closed`: it has gone, or there was a RST. */
  #state: 'open' | 'waiting' | 'closed' = 'open'

  constructor(options: FabricConnectionOptions) {
    this.#options = options
  }

  /** Sends the SYN. For the host, once. */
  open(): void {
    const { edge, clock, localAddress, localPort, remoteAddress, remotePort } = this.#options
    const flow = edge.connect(localAddress, remoteAddress, localPort, remotePort, this, clock.now())
    assert(flow !== undefined, 'the host has given a port that is in use')
    this.#flow = flow
  }

  /** Sends bytes, which are the connection's own from now on. */
  send(bytes: Uint8Array): void {
    if (this.#state !== 'closed') this.#options.edge.send(this.#flow!, bytes, this.#options.clock.now())
  }

  /**
   * Closes as close(2) does: FIN, or RST before it is connected, and when the peer goes on sending.
   */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#leave()
  }

  /**
   * Closes when the peer does, which spares this end TIME-WAIT; if that does not come, the host
   * ends it. What arrives is dropped.
   */
  closeAfterPeer(): void {
    if (this.#hasEnded) this.close()
    if (this.#state !== 'open') return
    this.#state = 'waiting'
    this.#options.onLinger(this.#flow!)
  }

  /** RST, whatever is under way. */
  reset(): void {
    this.#state = 'closed'
    if (this.#flow !== undefined) this.#options.edge.abort(this.#flow, this.#options.clock.now())
  }

  /** Reports to its owner that there is no connection any more. For the host. */
  fail(code: FabricErrorCode): void {
    if (this.#state === 'open') this.#options.handlers.onFailure(code)
    this.#state = 'closed'
  }

  /** For the edge, like all that follow. */
  onConnected(): void {
    this.#isConnected = true
    if (this.#state === 'open') this.#options.handlers.onConnected()
  }

  onData(b: Uint8Array, start: number, end: number): void {
    const { edge, clock, handlers } = this.#options
    // Nobody will read it: as a kernel answers data for a closed socket.
    if (this.#state === 'closed') edge.abort(this.#flow!, clock.now())
    else {
      edge.consumed(this.#flow!, end - start, clock.now())
      if (this.#state === 'open') handlers.onData(b, start, end)
    }
  }

  onEnd(): void {
    this.#hasEnded = true
    if (this.#state === 'waiting') this.close()
    else if (this.#state === 'open') this.#options.handlers.onEnd()
  }

  onWritable(): void {}

  onFailure(failure: FlowFailure): void {
    this.fail(this.#codeOf(failure))
  }

  onClosed(): void {
    this.#options.onReleased()
  }

  #leave(): void {
    const { edge, clock, onLinger } = this.#options
    const flow = this.#flow
    if (flow === undefined) return
    if (!this.#isConnected) {
      edge.abort(flow, clock.now())
      return
    }
    edge.shutdown(flow, clock.now())
    if (!flow.closed) onLinger(flow)
  }

  #codeOf(failure: FlowFailure): FabricErrorCode {
    switch (failure) {
      case 'refused':
        return this.#options.unreachableCode() ?? 'ECONNREFUSED'
      case 'reset':
        return 'ECONNRESET'
      case 'timeout':
        return 'ETIMEDOUT'
    }
  }
}
