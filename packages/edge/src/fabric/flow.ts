import { EdgeEnd, type EdgeFlow, type FlowTotals } from '@fivetuple/flow-records'
import type { TcpEndpoint } from '@fivetuple/tcp'
import type { WheelEntry } from './timer-wheel.js'

/** Reason why a flow ended other than by both FINs. */
export type FlowFailure = 'reset' | 'refused' | 'timeout'

/**
 * The socket side of a flow: a real socket in an edge, a generator in a simulation.
 */
export interface FlowApplication {
  /**
   * Called when the other end has accepted (active flows) or has acknowledged our SYN-ACK (passive
   * ones).
   */
  onConnected(): void
  /**
   * Bytes in order, valid during the call. An application that retains them in place calls
   * `retainBytes` on the edge. It calls `consumed` on the edge when it has passed them on, which
   * opens the window again.
   */
  onData(b: Uint8Array, start: number, end: number): void
  /** Called when the peer has sent its FIN. */
  onEnd(): void
  /** Called when the send buffer has room again after it was full. */
  onWritable(): void
  /** Called when the flow has failed. Only `onClosed` follows. */
  onFailure(failure: FlowFailure): void
  /** Called exactly once, last, when the edge has deleted the flow. */
  onClosed(): void
}

/** One TCP connection between this edge and a peer across the fabric. */
export class Flow implements WheelEntry<Flow>, FlowTotals {
  readonly endpoint: TcpEndpoint
  readonly localAddress: number
  readonly remoteAddress: number
  readonly localPort: number
  readonly remotePort: number
  /** Set by the owner that opens or accepts the flow, before anything happens on it. */
  application!: FlowApplication
  wheelTick = -1
  wheelNext: Flow | undefined
  wheelPrevious: Flow | undefined
  /** Port whose queue the flow waits for, or -1. */
  waitingForPort = -1
  closed = false
  /** Called when the edge has deleted the flow: its five-tuple is free. */
  onReleased: (() => void) | undefined
  /** True if the flow uses the edge's reserve: see `TcpEdgeOptions.reservedFlows`. */
  isReserved = false
  /** Record of a flow that a client has opened; undefined: it is not recorded. */
  record: EdgeFlow | undefined
  /** Its end, once that is known. */
  end: EdgeEnd = EdgeEnd.OPEN
  /** True if the application has shut it down. */
  hasShutDown = false
  /** True if the FIN of the peer has been delivered. */
  hasPeerEnded = false
  /**
   * True if both ends have closed and the peer has acknowledged all bytes: only the ACK of a FIN is
   * missing. Kept up to date while the flow is closing.
   */
  isDrained = false
  /** Bytes of the application, and bytes delivered to it. */
  bytesToFabric = 0
  bytesFromFabric = 0
  /** Time of the last segment from the peer, or of the last bytes to it, ms. */
  lastAt = 0

  constructor(
    endpoint: TcpEndpoint,
    localAddress: number,
    remoteAddress: number,
    localPort: number,
    remotePort: number,
  ) {
    this.endpoint = endpoint
    this.localAddress = localAddress
    this.remoteAddress = remoteAddress
    this.localPort = localPort
    this.remotePort = remotePort
  }

  /** Updates {@link isDrained} before an input that may end a flow which is closing. */
  updateDrained(): void {
    if (this.hasShutDown && this.hasPeerEnded) this.isDrained = this.endpoint.sendBuffered === 0
  }

  /** True if both ends have closed. */
  get isOver(): boolean {
    return this.endpoint.isOver
  }
}
