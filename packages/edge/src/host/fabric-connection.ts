import { strict as assert } from 'node:assert'
import type { Clock } from '@fivetuple/runtime'
import type { Flow, FlowApplication, FlowFailure } from '../fabric/flow.js'
import type { TcpEdge } from '../fabric/tcp-edge.js'
import type { FabricErrorCode } from './fabric-error-code.js'

/** Handlers of the owner of a {@link FabricConnection}, called until it has closed or reset it. */
export interface ConnectionHandlers {
  onConnected(): void
  /** Bytes in order, valid during the call. */
  onData(b: Uint8Array, start: number, end: number): void
  /** Called when the peer has sent its FIN. */
  onEnd(): void
  /**
   * Called when the connection has failed; nothing follows. It may be called before the owner has
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
  /** Returns the reason why a SYN failed other than by a RST: ICMP, or no route. */
  readonly unreachableCode: () => FabricErrorCode | undefined
  /**
   * Called when the owner has closed it and its flow has still to end: the host ends it after a
   * time.
   */
  readonly onLinger: (flow: Flow) => void
  /** Called exactly once, when the flow has ended and its port is free. */
  readonly onReleased: () => void
}

/**
 * One TCP connection over the fabric, without a Node.js stream: health checks use it, so that a
 * process with little other work is spared the cost of a stream for each. Received bytes are
 * consumed at once.
 */
export class FabricConnection implements FlowApplication {
  readonly #options: FabricConnectionOptions
  #flow: Flow | undefined
  #isConnected = false
  /** True if the peer has sent its FIN. */
  #hasEnded = false
  /** `waiting`: our FIN follows the peer's. `closed`: our FIN has been sent, or there was a RST. */
  #state: 'open' | 'waiting' | 'closed' = 'open'

  constructor(options: FabricConnectionOptions) {
    this.#options = options
  }

  /** Sends the SYN. Called once, by the host. */
  open(): void {
    const { edge, clock, localAddress, localPort, remoteAddress, remotePort } = this.#options
    const flow = edge.connect(localAddress, remoteAddress, localPort, remotePort, this, clock.now())
    assert(flow !== undefined, 'the host has given a port that is in use')
    this.#flow = flow
  }

  /** Sends bytes, which the connection owns from then on. */
  send(bytes: Uint8Array): void {
    if (this.#state !== 'closed') this.#options.edge.send(this.#flow!, bytes, this.#options.clock.now())
  }

  /**
   * Closes as close(2) does: by FIN, or by RST if it is not connected yet or the peer goes on
   * sending.
   */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#leave()
  }

  /**
   * Closes when the peer does, so that this end has no TIME-WAIT. If the peer does not close, the
   * host ends the connection after a time. Received bytes are dropped.
   */
  closeAfterPeer(): void {
    if (this.#hasEnded) this.close()
    if (this.#state !== 'open') return
    this.#state = 'waiting'
    this.#options.onLinger(this.#flow!)
  }

  /** Sends RST in any state. */
  reset(): void {
    this.#state = 'closed'
    if (this.#flow !== undefined) this.#options.edge.abort(this.#flow, this.#options.clock.now())
  }

  /** Reports the failure of the connection to its owner. Called by the host. */
  fail(code: FabricErrorCode): void {
    if (this.#state === 'open') this.#options.handlers.onFailure(code)
    this.#state = 'closed'
  }

  /** Called by the edge, as all methods that follow. */
  onConnected(): void {
    this.#isConnected = true
    if (this.#state === 'open') this.#options.handlers.onConnected()
  }

  onData(b: Uint8Array, start: number, end: number): void {
    const { edge, clock, handlers } = this.#options
    // As a kernel responds to data for a closed socket.
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
