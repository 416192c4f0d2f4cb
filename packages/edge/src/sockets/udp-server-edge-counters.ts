import { type LocalFailureCounters, newLocalFailureCounters } from '../fabric/local-failure.js'

/** Totals of a UDP server edge since its start. */
export interface UdpServerEdgeCounters extends LocalFailureCounters {
  datagramsIn: number
  datagramsOut: number
  lostToQueue: number
  /** Port unreachable, as the backend's kernel reported. */
  refused: number
  /**
   * Host or network unreachable, as the kernel reports it: nothing can be sent to the backend's
   * address.
   */
  unreachable: number
  /** Datagrams to addresses where no backend may be. */
  noBackend: number
  overLimit: number
  /** Flows that were ended to make room for a new one. */
  evicted: number
  malformed: number
  /** Datagrams whose flow got no socket: the kernel refused to bind one to the flow's source. */
  bindFailed: number
  /** Datagrams to backends that the kernel refused to send. */
  sendFailed: number
  /** Errors of the kernel while datagrams of backends were received. */
  receiveFailed: number
  /**
   * Datagrams of backends that the kernel dropped because the receive buffer of a flow's socket was
   * full.
   */
  kernelDrops: number
  /**
   * Datagrams that the kernel dropped because the receive buffer of a backend's own socket was
   * full.
   */
  backendKernelDrops: number
}

export function newUdpServerEdgeCounters(): UdpServerEdgeCounters {
  return {
    datagramsIn: 0,
    datagramsOut: 0,
    lostToQueue: 0,
    refused: 0,
    unreachable: 0,
    noBackend: 0,
    overLimit: 0,
    evicted: 0,
    malformed: 0,
    bindFailed: 0,
    sendFailed: 0,
    receiveFailed: 0,
    kernelDrops: 0,
    backendKernelDrops: 0,
    ...newLocalFailureCounters(),
  }
}
